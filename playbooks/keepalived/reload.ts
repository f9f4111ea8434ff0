import { type ClusterOperation, type Host, type Operation, questionOf, service } from 'osha';
import { formerPath } from './files/conf.ts';
import { placesOf } from './cluster/holders.ts';
import { holderProbe, type HolderView } from './cluster/observe.ts';
import { disagrees, type RecogniseOptions } from './cluster/recognise.ts';

/** What one holder says: of its unit, and of what stands in its file. */
interface Loaded {
  readonly unit: Parameters<ReturnType<typeof service.running>['decide']>[0];
  readonly view: HolderView;
}

const PART = '-- holder';

/**
 * All holders that run take their files over at the same time: those that disagree on an interval or a password do not
 * hear each other, and each would take the virtual IP. The same holds for one
 * that is not among the peers of the others yet. So where one of them has old settings in its file, such as a host that
 * `--limit` leaves out, no other takes new ones over.
 */
export function reloaded(holders: readonly Host[], options: RecogniseOptions): ClusterOperation<Loaded> {
  const { unit, conf, vips, settings } = options;
  const places = placesOf(options);
  const runningOn = (host: string): Operation<Loaded['unit']> => {
    const own = vips.filter((vip) => vip.holders.includes(host));
    const files = [conf, ...own.map((vip) => formerPath(conf, vip.name))];
    return service.running(unit, { newerThan: files, reload: true, start: false });
  };
  return {
    scope: 'cluster',
    title: `${unit} runs on its files as they are`,
    members: holders,
    probe: (member) => {
      const [view, own] = [holderProbe(member, options, false), runningOn(member.name).probe];
      return {
        ...questionOf(view),
        script: `(\n${own.script}\n) </dev/null\necho '${PART}'\n${view.script}`,
        reads: [...own.reads, ...view.reads],
        parse: (answer) => {
          const [first = '', second = ''] = answer.stdout.split(`${PART}\n`);
          return {
            unit: own.parse({ ...answer, stdout: first }),
            view: view.parse({ ...answer, stdout: second }),
          };
        },
      };
    },
    decide: (answers) => {
      const stage = [...answers].flatMap(([host, answer]) => {
        if (!answer.reachable || answer.observed.unit.active !== 'active') return [];
        const pending = runningOn(host).decide(answer.observed.unit);
        const old = places.some((place) => disagrees(host, answer.observed.view, place, settings));
        const wait = {
          summary: `reload ${unit} (its file has to agree with those of the other holders)`,
          script: 'exit 0',
          touches: [],
        };
        return (pending.length === 0 && old ? [wait] : pending).map((change) => ({ host, change }));
      });
      return stage.length === 0
        ? { verdict: 'converged' }
        : { verdict: 'change', because: 'holders take their files over at the same time', stages: [stage] };
    },
  };
}

import { type ClusterOperation, type file, type Host, type Operation, questionOf, service } from 'osha';
import { formerPath, routerIdOf } from '../files/conf.ts';
import type { KeepalivedSettings } from '../settings.ts';
import { isAbout, placesOf, type Place } from './holders.ts';
import { holderProbe, type HolderView, type RecogniseOptions } from './observe.ts';

/**
 * Settings that holders must share are changed in the files of all holders at the same time: keepalived also reads its file
 * at the next boot, and would then not receive the others' advertisements. `fileOf` places the file; hosts without one are
 * skipped.
 */
export function agreed(
  holders: readonly Host[],
  options: RecogniseOptions,
  fileOf: (host: Host) => ReturnType<typeof file.content>,
): ClusterOperation<HolderView> {
  const places = placesOf(options);
  const { conf } = options;
  return {
    scope: 'cluster',
    title: `${conf} agrees with those of the other holders`,
    members: holders,
    probe: (member) => holderProbe(member, options, false),
    decide: (answers) => {
      const stage = holders.flatMap((host) => {
        const answer = answers.get(host.name);
        if (!answer?.reachable) return [];
        const { observed } = answer;
        if (!places.some((place) => disagrees(host.name, observed, place, options.settings))) return [];
        const [change] = fileOf(host).decide({ kind: 'missing', parent: true });
        if (!change) return [];
        const announced = { ...change, summary: `change ${conf}` };
        const diff = change.diff && { ...change.diff, before: observed.text };
        return [{ host: host.name, change: diff ? { ...announced, diff } : announced }];
      });
      return stage.length === 0
        ? { verdict: 'converged' }
        : {
            verdict: 'change',
            because: 'settings shared by all holders of a virtual IP change on all of them at once',
            stages: [stage],
          };
    },
  };
}

/** The state of a holder's unit, and of its file. */
interface Loaded {
  readonly unit: Parameters<ReturnType<typeof service.running>['decide']>[0];
  readonly view: HolderView;
}

const PART = '-- holder';

/**
 * All running holders reload their files at the same time. Holders with different intervals, passwords or peers ignore each
 * other's advertisements, and each would take the virtual IP. So while one of them still has old settings in its file, such
 * as a host excluded by `--limit`, no other loads new ones.
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
    title: `${unit} has loaded its current files`,
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
          summary: `reload ${unit} (waits until the files of all holders agree)`,
          script: 'exit 0',
          touches: [],
        };
        return (pending.length === 0 && old ? [wait] : pending).map((change) => ({ host, change }));
      });
      return stage.length === 0
        ? { verdict: 'converged' }
        : { verdict: 'change', because: 'all holders load their files at the same time', stages: [stage] };
    },
  };
}

/**
 * Whether the file of a host would separate the holders of a virtual IP: it has other shared settings, does not list all
 * holders, or has a virtual IP that the host no longer holds.
 */
export function disagrees(
  host: string,
  { instances, samePassword }: HolderView,
  { vip, holders }: Place,
  settings: KeepalivedSettings,
): boolean {
  const instance = instances?.find((one) => isAbout(one, vip));
  if (!instance) return false;
  if (!vip.holders.includes(host) || instance.name !== vip.name) return true;
  const knows = (address: string): boolean => instance.holders.some((holder) => holder.address === address);
  return (
    samePassword === false ||
    instance.routerId !== routerIdOf(vip, settings) ||
    instance.advertSeconds !== settings.advert_seconds ||
    instance.multicast !== settings.multicast ||
    !instance.addresses.includes(vip.address) ||
    (!instance.multicast && ![...holders].every(([name, address]) => name === host || knows(address)))
  );
}

import type { ClusterOperation, file, Host } from 'osha';
import { placesOf } from './holders.ts';
import { holderProbe, type HolderView } from './observe.ts';
import { disagrees, type RecogniseOptions } from './recognise.ts';

/**
 * Files with other settings than those that holders must agree on are replaced on all of them at the same time, or on
 * none where `--limit` leaves one out: keepalived reads its file at the next boot, too, and would not hear the others.
 * `fileOf` places the file; a host without one is not concerned.
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
        const told = { ...change, summary: `change ${conf}` };
        const diff = change.diff && { ...change.diff, before: observed.text };
        return [{ host: host.name, change: diff ? { ...told, diff } : told }];
      });
      return stage.length === 0
        ? { verdict: 'converged' }
        : {
            verdict: 'change',
            because: 'what all holders of a virtual IP must agree on changes, so it changes on all of them',
            stages: [stage],
          };
    },
  };
}

import type { Host } from '../inventory/types.ts';
import type { Finding, HealthCheck } from '../playbook/operation.ts';
import { mountProbeScript, parseMountState, type MountState } from './mount-state.ts';
import type { Mount } from './mount-unit.ts';

type Place = Pick<Mount, 'where' | 'what'>;

/** By mount point. */
type Mounts = ReadonlyMap<string, MountState>;

const PART = '-- mount ';

/** Every host has its file systems mounted, and they answer. */
export function answering(
  hosts: readonly Host[],
  mountsOf: (host: Host) => readonly Place[],
  /** The phase to deploy where one is missing. */
  phase: string,
): HealthCheck<Mounts> {
  return {
    scope: 'health',
    title: 'every shared file system is mounted and answers',
    members: hosts,
    probe: (host) => ({
      script: `${mountsOf(host)
        .map(({ where }) => `echo '${PART}${where}'\n(\n${mountProbeScript(where)}\n)`)
        .join('\n')}\nexit 0`,
      reads: mountsOf(host).map(({ where }) => `file:${where}` as const),
      parse: (answer) => {
        const parts = answer.stdout.split(PART).slice(1);
        return new Map(
          parts.map((part) => {
            const end = part.indexOf('\n');
            const where = part.slice(0, end);
            const own = { ...answer, stdout: part.slice(end + 1) };
            return [where, parseMountState({ where }, own, { guard: false })];
          }),
        );
      },
    }),
    judge: (answers) =>
      hosts.flatMap((host) =>
        mountsOf(host).map((place): Finding => {
          const base = { subject: `mount ${place.where}`, host: host.name };
          const answer = answers.get(host.name);
          if (!answer?.reachable) {
            return {
              ...base,
              healthy: false,
              evidence: `unreachable: ${answer?.reason ?? 'it was not asked'}`,
            };
          }
          return { ...base, ...judge(answer.observed.get(place.where), place, phase) };
        }),
      ),
  };
}

function judge(
  state: MountState | undefined,
  { what }: Place,
  phase: string,
): Pick<Finding, 'healthy' | 'evidence' | 'hint'> {
  const hint = `osha deploy INVENTORY --only ${phase}`;
  if (!state?.mounted) return { healthy: false, evidence: 'not mounted', hint };
  const { mounted, answers } = state;
  if (!answers) return { healthy: false, evidence: `${mounted.what} is mounted and does not answer`, hint };
  if (mounted.type === 'none' || what.startsWith('/') || mounted.what === what) {
    return { healthy: true, evidence: `${mounted.what} (${mounted.type}), answers` };
  }
  return { healthy: false, evidence: `${mounted.what} is mounted there, not ${what}`, hint };
}

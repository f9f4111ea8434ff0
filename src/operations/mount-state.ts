import type { ProbeAnswer } from '../playbook/operation.ts';
import { ProbeError } from '../playbook/operation.ts';
import { mountUnitOf, mountUnitPathOf, type Mount } from './mount-unit.ts';
import { quote } from './shell.ts';
import { parseUnitState, unitProbeScript, type UnitState } from './unit-state.ts';
import { within } from '../playbook/limits.ts';

/** A mount point, as it was found. */
export interface MountState {
  readonly unit: UnitState;
  /** What is mounted there, as the kernel says. */
  readonly mounted?: { readonly what: string; readonly type: string };
  /** Whether what is mounted there answers; false also where nothing is. */
  readonly answers: boolean;
}

/** A script that says what is mounted at a path, whether it answers, and whether a mount there would hide something. */
export function mountProbeScript(where: string): string {
  return `(
${unitProbeScript(mountUnitOf(where), [mountUnitPathOf(where)])}
)
w=${quote(where)}
m=$(awk -v w="$w" '$2 == w { line = $3 " " $1 } END { print line }' /proc/self/mounts)
if [ -n "$m" ]; then
  printf 'mounted=%s\\n' "$m"
  timeout -k 1 ${within('mountAnswers')} stat -f -- "$w" >/dev/null 2>&1 && echo fs-answers=yes
elif [ -d "$w" ] && [ -n "$(find "$w" -mindepth 1 -maxdepth 1 -print -quit)" ]; then
  echo hides=yes
fi
exit 0`;
}

/** Understands what the probe printed. Throws a `ProbeError` where a mount would hide files. */
export function parseMountState(
  mount: Pick<Mount, 'where'>,
  answer: ProbeAnswer,
  options: { readonly guard: boolean },
): MountState {
  const lines = answer.stdout.split('\n');
  if (options.guard && lines.includes('hides=yes')) {
    throw new ProbeError(
      `${mount.where} is not mounted and holds files, which a mount would hide: move them away, and onto the volume once it is mounted`,
    );
  }
  const mounted = lines.find((line) => line.startsWith('mounted='))?.slice('mounted='.length);
  const at = mounted?.indexOf(' ') ?? -1;
  return {
    unit: parseUnitState(mountUnitOf(mount.where), answer),
    ...(mounted === undefined
      ? {}
      : { mounted: { type: mounted.slice(0, at), what: mounted.slice(at + 1) } }),
    answers: lines.includes('fs-answers=yes'),
  };
}

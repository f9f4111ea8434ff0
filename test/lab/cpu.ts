import { setTimeout as sleep } from 'node:timers/promises';
import { containerOf } from './compose.ts';
import { currentLab } from './current.ts';
import { runIn } from './engine.ts';
import type { LabOptions } from './lab.ts';
import { LabError } from './run.ts';

/** CPU time of a host's units in microseconds since boot. */
type Usage = ReadonlyMap<string, number>;

/** Average CPU use; 1 is one full core. */
export interface CpuShare {
  readonly name: string;
  readonly processors: number;
}

export interface CpuReport {
  readonly hosts: readonly CpuShare[];
  /** Over all hosts, largest first. */
  readonly units: readonly CpuShare[];
  readonly processors: number;
}

/** Cgroups of a host: its root, `init.scope` (systemd), `user.slice` and each unit. */
const READ = `cd /sys/fs/cgroup
for group in . init.scope user.slice system.slice/*; do
  [ ! -r "$group/cpu.stat" ] || printf '%s %s\\n' "$(sed -n 's/^usage_usec //p' "$group/cpu.stat")" "$group"
done
date '+%s%6N now'`;

/** Parses the output of the script; the host's time is under `now`. */
export function usageOf(stdout: string): Usage {
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => {
        const at = line.indexOf(' ');
        return [nameOf(line.slice(at + 1)), Number(line.slice(0, at))];
      }),
  );
}

function nameOf(cgroup: string): string {
  if (cgroup === '.') return 'host';
  if (cgroup === 'init.scope') return 'systemd';
  return cgroup
    .replace('system.slice/', '')
    .replaceAll('\\x2d', '-')
    .replace(/\.service$/, '');
}

/** CPU use between two readings of each host. A unit missing in the first reading started at 0. */
export function reportOf(
  hosts: readonly { readonly name: string; readonly before: Usage; readonly after: Usage }[],
): CpuReport {
  const shares = hosts.map(({ name, before, after }) => {
    const elapsed = (after.get('now') ?? 0) - (before.get('now') ?? 0);
    const used = [...after].map(([unit, usec]): CpuShare => ({
      name: unit,
      processors: (usec - (before.get(unit) ?? 0)) / elapsed,
    }));
    return { name, used };
  });
  const units = new Map<string, number>();
  for (const { used } of shares) {
    for (const { name, processors } of used) {
      if (name !== 'host' && name !== 'now') units.set(name, (units.get(name) ?? 0) + processors);
    }
  }
  const totals = shares.map(({ name, used }) => ({
    name,
    processors: used.find((share) => share.name === 'host')?.processors ?? 0,
  }));
  return {
    hosts: totals,
    units: [...units]
      .map(([name, processors]) => ({ name, processors }))
      .sort((a, b) => b.processors - a.processors),
    processors: totals.reduce((sum, share) => sum + share.processors, 0),
  };
}

/** CPU use of a lab's running hosts over `seconds`, from cgroup accounting. */
export async function measureCpu(seconds: number, options: LabOptions = {}): Promise<CpuReport> {
  const lab = currentLab(options.inventory);
  const read = (host: string): Promise<Usage> =>
    runIn(containerOf(lab, host), READ).then(({ stdout, stderr, exitCode }) => {
      if (exitCode !== 0) throw new LabError(`${host} could not be read: ${stderr.trim()}`);
      return usageOf(stdout);
    });
  const names = lab.hosts.map(({ name }) => name);
  const before = await Promise.all(names.map(read));
  await sleep(seconds * 1000);
  const after = await Promise.all(names.map(read));
  return reportOf(
    names.map((name, index) => ({
      name,
      before: before[index] ?? new Map(),
      after: after[index] ?? new Map(),
    })),
  );
}

/** A report for a terminal: hosts, then units that use more than 0.1 % of a core. */
export function inLines({ hosts, units, processors }: CpuReport): readonly string[] {
  const line = ({ name, processors: share }: CpuShare): string => `${name.padEnd(40)} ${share.toFixed(3)}`;
  return [
    ...hosts.map(line),
    '',
    ...units.filter((unit) => unit.processors >= 0.001).map(line),
    '',
    line({ name: 'processors in use, all hosts', processors }),
  ];
}

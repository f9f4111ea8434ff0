import { readdirSync, readFileSync } from 'node:fs';

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parent = '0'] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    return { pid, parent: Number(parent), state };
  } catch {
    return undefined;
  }
}

function pids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The direct children of a process. */
export function childrenOf(parent: number): readonly number[] {
  return pids().filter((pid) => readProcess(pid)?.parent === parent);
}

/** Whether a process exists and is not a zombie. */
export function lives(pid: number): boolean {
  const process = readProcess(pid);
  return process !== undefined && process.state !== 'Z';
}

/** The command lines of all matching processes. */
export function commandLines(fits: RegExp): readonly string[] {
  return pids().flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
      return fits.test(line) ? [line] : [];
    } catch {
      return [];
    }
  });
}

/** The command lines and environments of all processes. */
export function everythingShown(): string {
  return pids()
    .flatMap((pid) =>
      ['cmdline', 'environ'].map((name) => {
        try {
          return readFileSync(`/proc/${pid}/${name}`, 'latin1');
        } catch {
          return '';
        }
      }),
    )
    .join('\n');
}

/** Waits until `isSo` returns true, at most `withinMs` (default 5000). Returns whether it did. */
export async function becomes(isSo: () => boolean, withinMs = 5000): Promise<boolean> {
  const until = Date.now() + withinMs;
  while (!isSo()) {
    if (Date.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

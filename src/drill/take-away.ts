import type { Host } from '../inventory/types.ts';
import type { Probe } from '../playbook/operation.ts';
import { ConnectionDropped } from '../transport/errors.ts';
import type { Session } from '../transport/session.ts';
import { DrillError } from './errors.ts';
import type { runLocally, LocalCommandOptions } from './local-command.ts';

/** How a host is taken away, and comes back. */
export type TakeAway =
  /** By the operator's own commands on this machine. Without `start` it comes back by itself, as after a power reset. */
  | {
      readonly kind: 'commands';
      readonly stop: string;
      readonly start?: string | undefined;
      /** The folder they run in. */
      readonly cwd: string;
    }
  /** By the kernel of the host, at once and without writing anything to its disks. */
  | { readonly kind: 'reset' }
  /** In an orderly way. */
  | { readonly kind: 'reboot' };

/** What it is called: "with: virsh destroy controller1". */
export function inWords(way: TakeAway): string {
  switch (way.kind) {
    case 'commands':
      return `with: ${way.stop}`;
    case 'reset':
      return 'by a hard reset';
    case 'reboot':
      return 'by a reboot';
  }
}

/** In its own session, after an answer: the connection ends with the host. */
const SCRIPTS = {
  reset: `echo 1 >/proc/sys/kernel/sysrq
setsid sh -c 'sleep 0.2; echo b >/proc/sysrq-trigger' </dev/null >/dev/null 2>&1 &`,
  reboot: `setsid sh -c 'sleep 0.2; systemctl reboot' </dev/null >/dev/null 2>&1 &`,
} as const;

/** Takes a host away. `session` opens a session on it. Throws `DrillError` where it could not be done. */
export async function takeAway(
  way: TakeAway,
  session: () => Promise<Session>,
  { run, ...options }: Omit<LocalCommandOptions, 'cwd'> & { readonly run: typeof runLocally },
): Promise<void> {
  if (way.kind === 'commands') return run(way.stop, { ...options, cwd: way.cwd });
  const shell = await session();
  try {
    const { exitCode, stderr } = await shell.run(SCRIPTS[way.kind], { timeoutMs: options.timeoutMs });
    if (exitCode === 0) return;
    throw new DrillError(`the ${way.kind} of ${options.host} failed`, { output: stderr });
  } catch (error) {
    if (!(error instanceof ConnectionDropped)) throw error;
  } finally {
    await shell.close().catch(() => undefined);
  }
}

/** Identifies a start of a host. In a container the kernel's id is that of its host, and only the first process is new. */
export const START_OF_HOST = `cat /proc/sys/kernel/random/boot_id && cut -d ' ' -f 22 /proc/1/stat`;

/** Why osha itself cannot reset or reboot a host; absent where it can. */
export const resettable: Probe<string | undefined> = {
  script: `systemd-detect-virt --container --quiet && echo container
[ -w /proc/sysrq-trigger ] || echo readonly
exit 0`,
  reads: [],
  parse: ({ stdout }) => {
    if (stdout.includes('container')) return 'it is a container';
    return stdout.includes('readonly') ? '/proc/sysrq-trigger cannot be written' : undefined;
  },
};

/** Whether a host can measure. */
export const canMeasure: Probe<boolean> = {
  script: `command -v python3 >/dev/null && echo yes; exit 0`,
  reads: [],
  parse: ({ stdout }) => stdout.trim() === 'yes',
};

/** How many hosts measure. */
const MOST_OBSERVERS = 2;

/**
 * The hosts that measure, of those that can: first those that can never hold a virtual IP, because a holder reaches its virtual
 * IP without the network.
 */
export function observersOf(candidates: readonly Host[], holders: readonly string[]): readonly Host[] {
  const others = candidates.filter(({ name }) => !holders.includes(name));
  return [...others, ...candidates.filter((host) => !others.includes(host))].slice(0, MOST_OBSERVERS);
}

import { hostsOf } from './hosts.ts';
import { healthOf, osha, type OshaResult } from './osha.ts';
import { until } from './until.ts';

/** Waits until `status` finds everything of an inventory healthy; the failure says what it found last, and what its hosts say about it. */
export async function untilHealthy(inventory: string, withinMs: number): Promise<void> {
  let sick: readonly Sick[] = [];
  try {
    await until('status is healthy', withinMs, async () => {
      const status = await osha('status', inventory, '--json');
      if (status.exitCode === 0) return true;
      sick = sickOf(status);
      throw new Error(`status ends with ${status.exitCode}: ${status.stderr}`);
    });
  } catch (error) {
    const findings = sick.map(({ host = 'all hosts', found }) => `${host}: ${found}`);
    const hosts = [...new Set(sick.flatMap(({ host }) => host ?? []))];
    const told = await Promise.all(hosts.map((host) => toldBy(inventory, host)));
    throw new Error([(error as Error).message, ...findings, ...told].join('\n'), { cause: error });
  }
}

interface Sick {
  /** None where the finding is about all hosts together. */
  readonly host: string | undefined;
  readonly found: string;
}

function sickOf(status: OshaResult): readonly Sick[] {
  return healthOf(status).flatMap(({ title, findings }) =>
    findings
      .filter(({ healthy }) => !healthy)
      .map(({ host, subject, evidence }) => ({ host, found: `${title}: ${subject}: ${evidence}` })),
  );
}

/**
 * What a host has to say: units that failed, listening sockets that nobody takes connections from and what the threads
 * behind them wait for, warnings, and the ends of the logs that were written last.
 */
const WHAT_IT_SAYS = `systemctl --failed --no-legend --plain
ss -ltnp | awk 'NR == 1 || $2 > 0'
for pid in $(ss -ltnp | awk '$2 > 0' | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -u); do
  for thread in /proc/$pid/task/*; do echo "$thread $(cat $thread/wchan) $(cat $thread/syscall)"; done
  ss -tnop | grep "pid=$pid,"
done
journalctl --boot --priority=warning --lines=40 --no-pager
find /var/log -name '*.log' -mmin -15 -printf '%T@ %p\\n' | sort -rn | head -n 8 | cut -d' ' -f2 | xargs -r tail -n 15`;

async function toldBy(inventory: string, host: string): Promise<string> {
  try {
    return `\n=== ${host}\n${await hostsOf(inventory).on(host, `{ ${WHAT_IT_SAYS}; } 2>&1 || true`)}`;
  } catch (error) {
    return `\n=== ${host} cannot be asked: ${String(error)}`;
  }
}

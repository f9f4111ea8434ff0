import { WHAT_A_HOST_SAYS } from '../complaints.ts';
import { hostsOf } from './hosts.ts';
import { healthOf, osha, type OshaResult } from './osha.ts';
import { until } from './until.ts';

/** Waits until `status` reports everything in an inventory healthy; fails with its last findings and diagnostics of the hosts. */
export async function untilHealthy(inventory: string, withinMs: number): Promise<void> {
  let sick: readonly Sick[] = [];
  try {
    await until('status is healthy', withinMs, async () => {
      const status = await osha('status', inventory, '--json');
      if (status.exitCode === 0) return true;
      sick = sickOf(status);
      throw new Error(`status exited with ${status.exitCode}: ${status.stderr}`);
    });
  } catch (error) {
    const findings = sick.map(({ host = 'all hosts', found }) => `${host}: ${found}`);
    const hosts = [...new Set(sick.flatMap(({ host }) => host ?? []))];
    const told = await Promise.all(hosts.map((host) => toldBy(inventory, host)));
    throw new Error([(error as Error).message, ...findings, ...told].join('\n'), { cause: error });
  }
}

interface Sick {
  /** Absent if the finding is about all hosts. */
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

async function toldBy(inventory: string, host: string): Promise<string> {
  try {
    return `\n=== ${host}\n${await hostsOf(inventory).on(host, WHAT_A_HOST_SAYS)}`;
  } catch (error) {
    return `\n=== ${host} cannot be asked: ${String(error)}`;
  }
}

import { noTotals } from '../runner/totals.ts';
import type { HostTotals, RunEvent } from '../runner/events.ts';

type Summary = Extract<RunEvent, { event: 'summary' }>;

/** How a host came out of a verb that runs no plan. */
export interface HostCount extends Partial<HostTotals> {
  readonly host: string;
}

/** The last line of `--json` for a verb that runs no plan, in the shape of a run's. Counts that are not given are 0. */
export function plainSummary(
  hosts: readonly HostCount[],
  run: { readonly durationMs?: number; readonly interrupted?: boolean } & Partial<
    Pick<Summary, 'ok' | 'failed'>
  > = {},
): Summary {
  const totals = hosts.map(({ host, ...counts }): [string, HostTotals] => [
    host,
    { ...noTotals(), ...counts },
  ]);
  const sum = (of: (host: HostTotals) => number): number =>
    totals.reduce((total, [, host]) => total + of(host), 0);
  return {
    event: 'summary',
    ok: run.ok ?? sum((host) => host.ok),
    changes: 0,
    unknown: 0,
    failed: run.failed ?? sum((host) => host.failed),
    skipped: 0,
    unreachable: sum((host) => (host.unreachable ? 1 : 0)),
    durationMs: run.durationMs ?? 0,
    hosts: Object.fromEntries(totals),
    interrupted: run.interrupted ?? false,
  };
}

import type { HostTotals, Outcome, RunEvent } from './events.ts';

/** The initial totals of a host. */
export function noTotals(): HostTotals {
  return {
    changes: 0,
    unknown: 0,
    ok: 0,
    failed: 0,
    skipped: 0,
    unreachable: false,
    durationMs: 0,
    roundTrips: 0,
  };
}

/** The totals over all hosts. */
type Counts = Pick<HostTotals, 'changes' | 'unknown' | 'ok' | 'failed' | 'skipped'>;

/** Counts the changes of each host, and its outcomes by step. */
export class Totals {
  readonly #hosts = new Map<string, HostTotals>();
  #failedSteps = 0;

  constructor(hosts: readonly string[]) {
    for (const host of hosts) this.#hosts.set(host, noTotals());
  }

  count(host: string, outcome: Outcome, durationMs: number): void {
    const totals = this.#hosts.get(host);
    if (!totals) return;
    totals.durationMs += durationMs;
    switch (outcome) {
      case 'ok':
        totals.ok += 1;
        break;
      case 'failed':
        totals.failed += 1;
        break;
      case 'skipped':
      case 'deferred':
        totals.skipped += 1;
        break;
      case 'verified-later':
        break;
      // `add` counts their changes and unknowns.
      case 'changed':
      case 'would-change':
      case 'unknown':
        break;
    }
  }

  /** Counts one change, or one unknown, of a host. */
  add(host: string, what: 'changes' | 'unknown'): void {
    const totals = this.#hosts.get(host);
    if (totals) totals[what] += 1;
  }

  /** Counts a step that failed as a whole. */
  stepFailed(): void {
    this.#failedSteps += 1;
  }

  unreachable(host: string): void {
    const totals = this.#hosts.get(host);
    if (totals) totals.unreachable = true;
  }

  roundTrips(host: string, count: number): void {
    const totals = this.#hosts.get(host);
    if (totals) totals.roundTrips = count;
  }

  /** The totals over all hosts; `failed` includes steps that failed as a whole. */
  counts(): Counts {
    const all = [...this.#hosts.values()];
    const sum = (of: keyof Counts): number => all.reduce((total, host) => total + host[of], 0);
    return {
      changes: sum('changes'),
      unknown: sum('unknown'),
      ok: sum('ok'),
      failed: sum('failed') + this.#failedSteps,
      skipped: sum('skipped'),
    };
  }

  summary(run: {
    durationMs: number;
    interrupted: boolean;
    refused?: string;
    hint?: string;
  }): Extract<RunEvent, { event: 'summary' }> {
    const all = [...this.#hosts.values()];
    return {
      event: 'summary',
      ...this.counts(),
      unreachable: all.filter((host) => host.unreachable).length,
      durationMs: run.durationMs,
      hosts: Object.fromEntries(this.#hosts),
      interrupted: run.interrupted,
      ...(run.refused === undefined ? {} : { refused: run.refused }),
      ...(run.hint === undefined ? {} : { hint: run.hint }),
    };
  }
}

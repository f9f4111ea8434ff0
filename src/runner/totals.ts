import type { HostTotals, Outcome, RunEvent } from './events.ts';

/** The counts of a host to which nothing happened. */
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

/** What is counted over all hosts. */
type Counts = Pick<HostTotals, 'changes' | 'unknown' | 'ok' | 'failed' | 'skipped'>;

/** Counts what happened to each host: changes one by one, and how it came out of its steps. */
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
      // Their changes, and what is unknown, are counted by themselves.
      case 'changed':
      case 'would-change':
      case 'unknown':
        break;
    }
  }

  /** One change, or one thing that is unknown, on a host. */
  add(host: string, what: 'changes' | 'unknown'): void {
    const totals = this.#hosts.get(host);
    if (totals) totals[what] += 1;
  }

  /** A step failed for which no host is to blame. */
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

  /** Over all hosts; `failed` counts steps that failed as a whole too. */
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

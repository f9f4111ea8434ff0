import type { HostTotals, Outcome, RunEvent } from './events.ts';

/** The counts of a host to which nothing happened. */
export function noTotals(): HostTotals {
  return { ok: 0, changed: 0, failed: 0, skipped: 0, unreachable: false, durationMs: 0, roundTrips: 0 };
}

/** Counts what happened to each host, one count per step. */
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
      case 'changed':
      case 'would-change':
        totals.changed += 1;
        break;
      case 'failed':
        totals.failed += 1;
        break;
      case 'skipped':
      case 'deferred':
      case 'unknown':
        totals.skipped += 1;
        break;
    }
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
  counts(): Pick<HostTotals, 'ok' | 'changed' | 'failed' | 'skipped'> {
    const all = [...this.#hosts.values()];
    const sum = (of: 'ok' | 'changed' | 'failed' | 'skipped'): number =>
      all.reduce((total, host) => total + host[of], 0);
    return {
      ok: sum('ok'),
      changed: sum('changed'),
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

import type { Evidence } from '../playbook/operation.ts';
import { firstAnswerAfter, measure, type Measurement, type Sample } from './measure.ts';
import { SAMPLE_LIMIT_MS } from './probe-script.ts';

/** The samples of one service on one host. */
export interface Series {
  /** The service, or what is written. */
  readonly what: string;
  readonly host: string;
  readonly samples: readonly Sample[];
  /** On the clock of the samples, when the other host was taken away. */
  readonly takenMs: number;
}

/** What one host measured of one service. */
export interface MeasuredSeries extends Measurement {
  readonly what: string;
  readonly host: string;
  readonly firstAnswerMs: number | undefined;
}

/** Measures each series. */
export function measured(series: readonly Series[]): readonly MeasuredSeries[] {
  return series.map(({ what, host, samples, takenMs }) => {
    const measurement = measure(samples);
    return { what, host, ...measurement, firstAnswerMs: firstAnswerAfter(measurement, takenMs) };
  });
}

/**
 * For each service the host that saw most: an outage that is not over, else the longest one. A host that holds a virtual IP
 * reaches it without the network, so the one that saw more is nearer to what a client saw.
 */
export function worst(all: readonly MeasuredSeries[]): readonly MeasuredSeries[] {
  const services = [...new Set(all.map(({ what }) => what))];
  return services.flatMap((service) =>
    all
      .filter(({ what }) => what === service)
      .sort(
        (one, other) =>
          Number(isOpen(other)) - Number(isOpen(one)) ||
          other.longestMs - one.longestMs ||
          other.downtimeMs - one.downtimeMs,
      )
      .slice(0, 1),
  );
}

function isOpen({ outages }: Measurement): boolean {
  return outages.at(-1)?.ended === false;
}

/** The measurements as a table. */
export function availability(rows: readonly MeasuredSeries[]): Evidence {
  return {
    columns: ['service', 'from', 'samples', 'failed', 'longest outage', 'downtime', 'first answer after'],
    rows: rows.map((row) => [
      row.what,
      row.host,
      String(row.samples),
      String(row.failed),
      `${row.longestMs} ms${isOpen(row) ? ', not over' : ''}`,
      `${row.downtimeMs} ms`,
      row.firstAnswerMs === undefined ? '-' : `${row.firstAnswerMs} ms`,
    ]),
  };
}

/** What is wrong with the measurements, a sentence each. */
export function faults(
  all: readonly MeasuredSeries[],
  { maxDowntimeMs }: { readonly maxDowntimeMs?: number | undefined },
): readonly string[] {
  return worst(all).flatMap((one): readonly string[] => {
    const { what, host, outages, longestMs } = one;
    if (isOpen(one)) return [`${what}: still no answer on ${host} at the end`];
    if (maxDowntimeMs === undefined || longestMs <= maxDowntimeMs || outages.length === 0) return [];
    return [`${what}: outage of ${longestMs} ms on ${host} exceeds ${maxDowntimeMs} ms`];
  });
}

/** Hosts that took no sample for so long that an outage may not have been seen, a sentence each. */
export function blindSpots(all: readonly MeasuredSeries[]): readonly string[] {
  const hosts = [...new Set(all.map(({ host }) => host))];
  return hosts.flatMap((name) => {
    const gapMs = Math.max(...all.filter(({ host }) => host === name).map((one) => one.longestGapMs));
    return gapMs > SAMPLE_LIMIT_MS * 2
      ? [`${name} took no samples for ${gapMs} ms: an outage in that time is not in the report`]
      : [];
  });
}

/** The entries of one kind of writes: which were acknowledged, and which each member has. */
export interface Count {
  readonly what: string;
  /** As `WRITER NUMBER`. */
  readonly acknowledged: readonly string[];
  /** By member; members that could not be asked are missing. */
  readonly found: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The entries that were acknowledged and that a member does not have, by its name. */
export function lostBy({ acknowledged, found }: Count): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...found].map(([member, entries]) => [member, acknowledged.filter((entry) => !entries.has(entry))]),
  );
}

/** The counts as a table, a row for each member. */
export function acknowledgedTable(counts: readonly Count[]): Evidence {
  return {
    columns: ['written', 'acknowledged', 'member', 'lost'],
    rows: counts.flatMap((count) =>
      [...lostBy(count)].map(([member, lost]) => [
        count.what,
        String(count.acknowledged.length),
        member,
        String(lost.length),
      ]),
    ),
  };
}

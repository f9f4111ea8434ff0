/** One attempt of a client, on the monotonic clock of the host that it was made on. */
export interface Sample {
  /** Milliseconds on that clock when it began. */
  readonly startMs: number;
  readonly tookMs: number;
  readonly answered: boolean;
}

/** A time without an answer: from the beginning of the first failed attempt to the first answer after it. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
  /** False if no answer followed: it lasted at least until `toMs`. */
  readonly ended: boolean;
}

/** What one host measured of one service. */
export interface Measurement {
  readonly samples: number;
  readonly failed: number;
  readonly outages: readonly Outage[];
  readonly longestMs: number;
  /** All outages together. */
  readonly downtimeMs: number;
  /** The longest time between the beginnings of two attempts: an outage within it is not seen. */
  readonly longestGapMs: number;
}

/**
 * The outages in samples of any order. An attempt may begin before the previous one has ended; the first answer after an
 * outage is then the earliest of the answers that follow the last failed attempt.
 */
export function measure(samples: readonly Sample[]): Measurement {
  const ordered = [...samples].sort((one, other) => one.startMs - other.startMs);
  const outages = runsOf(ordered).flatMap(({ answered, run }, index, all): readonly Outage[] => {
    const [first] = run;
    if (answered || !first) return [];
    const after = all[index + 1];
    const ends = (after?.run ?? run).map(endOf);
    const toMs = after ? least(ends) : greatest(ends);
    return [{ fromMs: first.startMs, toMs, ended: after !== undefined }];
  });
  const lengths = outages.map(lengthOf);
  const gaps = ordered.slice(1).map((sample, index) => sample.startMs - (ordered[index]?.startMs ?? 0));
  return {
    samples: samples.length,
    failed: samples.filter(({ answered }) => !answered).length,
    outages,
    longestMs: Math.max(0, greatest(lengths)),
    downtimeMs: lengths.reduce((sum, length) => sum + length, 0),
    longestGapMs: Math.max(0, greatest(gaps)),
  };
}

/**
 * Milliseconds from a moment to the answer that ended the last outage which was not over by then; absent if there was none, or
 * if it has not ended.
 */
export function firstAnswerAfter({ outages }: Measurement, momentMs: number): number | undefined {
  const last = outages.findLast(({ toMs }) => toMs >= momentMs);
  return last?.ended ? last.toMs - momentMs : undefined;
}

/** Of any number of values: a call with an argument for each sample of a long drill overflows the stack. */
function least(values: readonly number[]): number {
  return values.reduce((one, other) => Math.min(one, other), Infinity);
}

function greatest(values: readonly number[]): number {
  return values.reduce((one, other) => Math.max(one, other), -Infinity);
}

/** Consecutive samples with the same result. */
function runsOf(ordered: readonly Sample[]): readonly { answered: boolean; run: readonly Sample[] }[] {
  const runs: { answered: boolean; run: Sample[] }[] = [];
  for (const sample of ordered) {
    const current = runs.at(-1);
    if (current?.answered === sample.answered) current.run.push(sample);
    else runs.push({ answered: sample.answered, run: [sample] });
  }
  return runs;
}

function endOf({ startMs, tookMs }: Sample): number {
  return startMs + tookMs;
}

function lengthOf({ fromMs, toMs }: Outage): number {
  return toMs - fromMs;
}

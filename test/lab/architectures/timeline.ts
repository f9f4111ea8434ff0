/** A sample of one host. */
export interface Sample {
  /** Milliseconds since the epoch; all hosts of the lab share a clock. */
  readonly at: number;
  readonly host: string;
  /** The sampled units that are running. */
  readonly running: readonly string[];
}

/** A time in which something ran on a host without interruption, according to the samples. */
export interface Span {
  readonly host: string;
  readonly from: number;
  readonly to: number;
}

/** Parses lines like `1700000000123 haproxy memcached`. */
export function samplesOf(host: string, lines: string): readonly Sample[] {
  return lines
    .split('\n')
    .filter((line) => /^\d+( |$)/.test(line))
    .map((line) => {
      const [at = '', ...running] = line.trim().split(' ');
      return { at: Number(at), host, running };
    });
}

/** When `what` ran on each host, from the first sample that saw it to the last; samples of several hosts in any order. */
export function spansOf(what: string, samples: readonly Sample[]): readonly Span[] {
  const hosts = [...new Set(samples.map(({ host }) => host))];
  return hosts.flatMap((host) => {
    const own = samples.filter((sample) => sample.host === host).sort((a, b) => a.at - b.at);
    const spans: Span[] = [];
    let open: Span | undefined;
    for (const { at, running } of own) {
      if (!running.includes(what)) open = undefined;
      else if (open) spans[spans.length - 1] = open = { ...open, to: at };
      else spans.push((open = { host, from: at, to: at }));
    }
    return spans;
  });
}

/** Describes times in which something ran on two hosts at once. */
export function overlapsOf(what: string, samples: readonly Sample[]): readonly string[] {
  const spans = spansOf(what, samples);
  return spans.flatMap((one, index) =>
    spans
      .slice(index + 1)
      .filter((other) => other.host !== one.host && other.from <= one.to && one.from <= other.to)
      .map((other) => {
        const until = Math.min(one.to, other.to);
        const since = Math.max(one.from, other.from);
        return `${what} ran on ${one.host} and ${other.host} for ${until - since} ms`;
      }),
  );
}

/** Describes moments at which something ran on a host without all of its predecessors. */
export function outOfOrder(order: readonly string[], samples: readonly Sample[]): readonly string[] {
  return samples.flatMap(({ at, host, running }) =>
    order.flatMap((what, index) => {
      const before = order[index - 1];
      if (before === undefined || !running.includes(what) || running.includes(before)) return [];
      return [`${what} ran on ${host} without ${before} at ${at}`];
    }),
  );
}

import type { Host } from '../inventory/types.ts';
import type { DrillScript, DrillService } from '../playbook/drill.ts';
import { Refusal } from '../runner/failure.ts';
import { DrillError } from './errors.ts';
import type { Sample } from './measure.ts';
import type { Connect } from './on-host.ts';
import { probeScript, serviceSampleOf } from './probe-script.ts';
import type { Series } from './report.ts';
import { HostClock, Watch } from './watch.ts';
import { writeSampleOf, writeScript } from './write-script.ts';

interface ObservationOptions {
  readonly connect: Connect;
  /** Milliseconds between two samples. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** The samples of one service on one host, as they arrive. */
interface GrowingSeries {
  readonly what: string;
  readonly kind: 'service' | 'writes';
  readonly host: string;
  readonly samples: Sample[];
  readonly clock: HostClock;
  takenMs: number;
}

/** Everything that hosts measure during a drill. */
export class Observation {
  readonly #options: ObservationOptions;
  readonly #watches: { readonly host: Host; readonly watch: Watch }[] = [];
  #series: GrowingSeries[] = [];

  constructor(options: ObservationOptions) {
    this.#options = options;
  }

  get series(): readonly Series[] {
    return this.#series;
  }

  /** Measures services from a host, until `stop`. */
  async watchServices(services: readonly DrillService[], host: Host): Promise<void> {
    const { everyMs, signal, connect } = this.#options;
    const clock = new HostClock();
    const own = services.map(({ name }) => growing(name, 'service', host, clock));
    const session = await connect(host, signal);
    const watch = new Watch(session, probeScript(services, everyMs), (line) => {
      const found = serviceSampleOf(line);
      const series = found && own[found.service];
      if (series) add(series, found.sample);
    });
    this.#watches.push({ host, watch });
    this.#series.push(...own);
  }

  /** Writes entries from a host, until `stop`. `acknowledged` gets the number of each entry that is acknowledged. */
  async watchWrites(
    { what, write }: { readonly what: string; readonly write: DrillScript },
    host: Host,
    acknowledged: (number: number) => void,
  ): Promise<void> {
    const { everyMs, signal, connect } = this.#options;
    const own = growing(`writes: ${what}`, 'writes', host, new HostClock());
    const session = await connect(host, signal);
    const watch = new Watch(session, writeScript(write, host.name, everyMs), (line) => {
      const found = writeSampleOf(line);
      if (!found) return;
      add(own, found.sample);
      if (found.sample.answered) acknowledged(found.number);
    });
    this.#watches.push({ host, watch });
    this.#series.push(own);
  }

  /**
   * Checks the samples so far, when nothing has happened yet, and leaves out what one host cannot reach and another one can.
   * Returns what was left out, a sentence each. Throws `Refusal` for what does not answer even now.
   */
  settle(): readonly string[] {
    const blind = this.#watches.find(({ watch }) => watch.whyEnded !== undefined);
    if (blind) {
      const { whyEnded = '', lastWords } = blind.watch;
      throw new DrillError(`${blind.host.name} cannot measure: ${whyEnded}`, { output: lastWords });
    }
    const silent = this.#series.filter(({ samples }) => !samples.some(({ answered }) => answered));
    this.#series = this.#series.filter((one) => !silent.includes(one));
    const unreached = silent.find(({ what }) => !this.#series.some((one) => one.what === what));
    if (unreached) {
      const { what, host } = unreached;
      throw new Refusal(
        `${what}: no answer on ${host} before anything was stopped${this.#lastWordsOf(host)}`,
        'measure from hosts that reach it: --probe-from HOST,HOST',
      );
    }
    // A writer's first attempts may come before its account is known everywhere: that is no outage.
    for (const { samples } of this.#series.filter(({ kind }) => kind === 'writes')) {
      samples.splice(
        0,
        samples.findIndex(({ answered }) => answered),
      );
    }
    const flaky = this.#series.find(({ kind, samples }) => kind === 'service' && failedOf(samples) > 0);
    if (flaky) {
      const { what, host, samples } = flaky;
      throw new Refusal(
        `${what}: ${failedOf(samples)} of ${samples.length} attempts on ${host} failed before anything was stopped`,
        'see what is wrong: osha status INVENTORY',
      );
    }
    return silent.map(({ what, host }) => `${host} cannot reach ${what}; other hosts measure it`);
  }

  /** Notes that the host is taken away now. */
  markTaken(): void {
    for (const one of this.#series) one.takenMs = one.clock.now();
  }

  /** Hosts that stopped measuring by themselves, a sentence each. */
  get endings(): readonly string[] {
    return this.#watches.flatMap(({ host, watch }) =>
      watch.whyEnded === undefined ? [] : [`${host.name} stopped measuring: ${watch.whyEnded}`],
    );
  }

  /** Ends what runs on the hosts, and waits until it is gone. */
  async stop(): Promise<void> {
    await Promise.all(this.#watches.map(({ watch }) => watch.stop()));
  }

  #lastWordsOf(name: string): string {
    const words = this.#watches
      .filter(({ host }) => host.name === name)
      .map(({ watch }) => watch.lastWords)
      .filter((one) => one !== '');
    return words.length === 0 ? '' : ` (${words.join('; ')})`;
  }
}

function growing(what: string, kind: GrowingSeries['kind'], host: Host, clock: HostClock): GrowingSeries {
  return { what, kind, host: host.name, clock, samples: [], takenMs: Infinity };
}

function add(series: GrowingSeries, sample: Sample): void {
  series.samples.push(sample);
  series.clock.note(sample.startMs + sample.tookMs);
}

function failedOf(samples: readonly Sample[]): number {
  return samples.filter(({ answered }) => !answered).length;
}

import { patienceOfProbes, withPatience } from '../playbook/limits.ts';
import { OutputFlood } from '../transport/errors.ts';
import { ProbeError, type Probe, type ProbeAnswer, type ResourceKey } from '../playbook/operation.ts';
import { frameOf, keyOf } from './frame.ts';
import type { Lane } from './host-connection.ts';
import { concerns } from './resources.ts';

interface Kept {
  readonly answer: ProbeAnswer;
  readonly reads: readonly ResourceKey[];
}

interface Question {
  readonly probe: Probe;
  readonly reads: Set<ResourceKey>;
}

/** A round trip in progress, and what changed meanwhile. */
interface Flight {
  /** Something on this host changed: the whole answer is stale. */
  stale: boolean;
  /** Resources that changed on other hosts. */
  readonly touched: Set<ResourceKey>;
}

export interface ObserverOptions {
  /** Milliseconds for one round trip (`probeTimeoutMs`); the limits within probes follow from it. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * One phase's observations of one host. Expected probes are asked together with the first one, in one round trip. An
 * answer is dropped as soon as something changes that it could depend on, even while it is in transit.
 */
export class Observer {
  readonly #lane: Lane;
  readonly #options: ObserverOptions;
  readonly #known = new Map<string, Kept>();
  readonly #flights = new Set<Flight>();
  #ahead: readonly Probe[] = [];

  constructor(lane: Lane, options: ObserverOptions) {
    this.#lane = lane;
    this.#options = options;
  }

  /** Drops all answers, and sets the probes to ask ahead. */
  expect(ahead: readonly Probe[]): void {
    this.forget();
    this.#ahead = ahead;
  }

  /**
   * The host's answer to `probe`, asked ahead or in a new round trip.
   * Throws `ProbeError`, `ConnectionDropped`, `ScriptTimeout`.
   */
  async observe<Observed>(probe: Probe<Observed>): Promise<Observed> {
    const key = keyOf(probe);
    for (;;) {
      const kept = this.#known.get(key);
      if (kept) return parseAnswer(probe, kept.answer);
      await this.#ask([probe, ...this.#ahead]);
    }
  }

  /** Asks again, ignoring a cached answer. */
  async observeAgain<Observed>(probe: Probe<Observed>): Promise<Observed> {
    this.#known.delete(keyOf(probe));
    return this.observe(probe);
  }

  /**
   * The phase changed something on this host: drops all answers, and asks nothing ahead any more, because more changes
   * usually follow in the same phase.
   */
  changed(): void {
    this.changedByOtherPhase();
    this.#ahead = [];
  }

  /** Another phase changed something on this host: drops all answers. */
  changedByOtherPhase(): void {
    this.#known.clear();
    for (const flight of this.#flights) flight.stale = true;
  }

  /** Drops all answers, because time has passed. */
  forget(): void {
    this.#known.clear();
  }

  /** Something changed on another host: drops the answers that depend on it. */
  changedElsewhere(touched: readonly ResourceKey[]): void {
    for (const [key, kept] of this.#known) {
      if (anyConcerned(touched, kept.reads)) this.#known.delete(key);
    }
    for (const flight of this.#flights) for (const resource of touched) flight.touched.add(resource);
  }

  /**
   * Asks the first of `probes`, and the others with it. Where their output exceeds the limit, none of it is used and the
   * first is asked alone, so that only the probe that floods fails.
   */
  async #ask([first, ...ahead]: readonly [Probe, ...Probe[]]): Promise<void> {
    this.#ahead = [];
    try {
      await this.#askAtOnce([first, ...ahead]);
    } catch (error) {
      if (!(error instanceof OutputFlood)) throw error;
      if (ahead.length === 0) throw new ProbeError(error.message, { cause: error });
      await this.#ask([first]);
    }
  }

  /** Keeps the answers that are not stale when they arrive. */
  async #askAtOnce(probes: readonly Probe[]): Promise<void> {
    const questions = new Map<string, Question>();
    for (const probe of probes) {
      const key = keyOf(probe);
      const question = questions.get(key) ?? { probe, reads: new Set() };
      for (const resource of probe.reads) question.reads.add(resource);
      questions.set(key, question);
    }
    const frame = frameOf([...questions.values()].map((question) => question.probe));
    const flight: Flight = { stale: false, touched: new Set() };
    const resources = [...questions.values()].flatMap((question) => [...question.reads]);
    await this.#lane.inTurn(resources, async () => {
      this.#flights.add(flight);
      try {
        const script = withPatience(patienceOfProbes(this.#options.timeoutMs), frame.script);
        const answers = frame.split(
          await this.#lane.read(script, { ...this.#options, beyondMaxOutput: 'end' }),
        );
        [...questions].forEach(([key, { reads }], index) => {
          const answer = answers[index];
          if (!answer || flight.stale || anyConcerned([...flight.touched], [...reads])) return;
          this.#known.set(key, { answer, reads: [...reads] });
        });
      } finally {
        this.#flights.delete(flight);
      }
    });
  }
}

function anyConcerned(touched: readonly ResourceKey[], reads: readonly ResourceKey[]): boolean {
  return reads.some((read) => touched.some((key) => concerns(key, read)));
}

/** A host may print anything: an error of the parser is a failure of that host's answer. */
function parseAnswer<Observed>(probe: Probe<Observed>, answer: ProbeAnswer): Observed {
  try {
    return probe.parse(answer);
  } catch (error) {
    if (error instanceof ProbeError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProbeError(`unexpected probe output: ${reason}`, { cause: error });
  }
}

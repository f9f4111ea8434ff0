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

/** A round trip that is under way, and what changed meanwhile. */
interface Flight {
  /** Something on this host did: nothing of the answer holds. */
  stale: boolean;
  /** These did elsewhere. */
  readonly touched: Set<ResourceKey>;
}

export interface ObserverOptions {
  /** Milliseconds for one round trip, as `probeTimeoutMs` gives them: the limits inside of the probes follow from it. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * What one phase knows of one host. Probes that lie ahead are asked together with the first one, in one round trip; what
 * was learned that way is thrown away as soon as something changed that it could depend on, also while it was under way.
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

  /** Forgets everything, and takes note of the probes that are going to be asked. */
  expect(ahead: readonly Probe[]): void {
    this.forget();
    this.#ahead = ahead;
  }

  /**
   * What the host answers to `probe`: what was learned ahead, or the answer of a new round trip.
   * Throws `ProbeError`, `ConnectionDropped`, `ScriptTimeout`.
   */
  async observe<Observed>(probe: Probe<Observed>): Promise<Observed> {
    const key = keyOf(probe);
    for (;;) {
      const kept = this.#known.get(key);
      if (kept) return understood(probe, kept.answer);
      await this.#ask([probe, ...this.#ahead]);
    }
  }

  /** Asks anew, whatever was known. */
  async observeAgain<Observed>(probe: Probe<Observed>): Promise<Observed> {
    this.#known.delete(keyOf(probe));
    return this.observe(probe);
  }

  /**
   * The phase changed something on this host: nothing that was learned holds, and nothing more is asked ahead, because
   * what changed once in a phase mostly changes again.
   */
  changed(): void {
    this.changedByOtherPhase();
    this.#ahead = [];
  }

  /** Another phase changed something on this host: nothing that was learned holds. */
  changedByOtherPhase(): void {
    this.#known.clear();
    for (const flight of this.#flights) flight.stale = true;
  }

  /** Time has passed in which things went on by themselves: what was learned before may hold no more. */
  forget(): void {
    this.#known.clear();
  }

  /** Something changed elsewhere: drops what was learned about these. */
  changedElsewhere(touched: readonly ResourceKey[]): void {
    for (const [key, kept] of this.#known) {
      if (anyConcerned(touched, kept.reads)) this.#known.delete(key);
    }
    for (const flight of this.#flights) for (const resource of touched) flight.touched.add(resource);
  }

  /**
   * Asks the first of `probes`, and the others with it. Where they print more than is kept, nothing of it is understood, and
   * the first is asked by itself: only the one that floods fails.
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

  /** Keeps the answers that still hold when they come. */
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

/** What a host printed may be anything: whatever a parser makes of it, it is that host's answer that failed. */
function understood<Observed>(probe: Probe<Observed>, answer: ProbeAnswer): Observed {
  try {
    return probe.parse(answer);
  } catch (error) {
    if (error instanceof ProbeError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProbeError(`unexpected probe output: ${reason}`, { cause: error });
  }
}

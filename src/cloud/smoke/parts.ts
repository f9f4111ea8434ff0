import { OshaError } from '../../text/error.ts';
import { ConnectionDropped, ScriptTimeout } from '../../transport/errors.ts';
import { CloudError, NoWay } from '../errors.ts';
import type { CloudEventSink, PartFailure, PartOutcome, PartTitle } from '../events.ts';

/** What a smoke test consists of, in order. */
export const PARTS = {
  login: 'Log in and read the catalogue',
  image: 'Upload an image and download it',
  network: 'Make a network, a subnet and a router',
  access: 'Make a security group and a keypair',
  volume: 'Make a volume type',
  guest: 'Make a guest',
  server: 'Boot a server',
  console: 'Read its console',
  floating: 'Reach it from outside',
  cleanup: 'Remove everything',
} as const;

export type PartName = keyof typeof PARTS;

export function titled(names: readonly PartName[]): readonly PartTitle[] {
  return names.map((part) => ({ part, title: PARTS[part] }));
}

/** What a part tells while it runs. */
export interface Telling {
  readonly progress: (text: string) => void;
  readonly remark: (text: string) => void;
}

/** What came of a part: what others go on with, and what was seen. */
export interface Seen<Value> {
  readonly value: Value;
  readonly note: string;
}

/** Does one part after another and tells how each came out. */
export class Parts {
  readonly #emit: CloudEventSink;
  readonly #signal: AbortSignal;
  readonly #outcomes = new Map<PartName, PartOutcome>();
  #current: PartName | undefined;
  /** No way led to the cloud. */
  unreachable = false;

  constructor(emit: CloudEventSink, signal: AbortSignal) {
    this.#emit = emit;
    this.#signal = signal;
  }

  /**
   * Does a part. Returns undefined where it failed, was interrupted, or was left out because of another; what is not the
   * cloud's fault is thrown.
   */
  async run<Value>(
    part: PartName,
    work: (telling: Telling) => Promise<Seen<Value>>,
  ): Promise<Value | undefined> {
    const started = Date.now();
    this.#current = part;
    this.#emit({ event: 'part-started', part, title: PARTS[part] });
    const finished = (outcome: PartOutcome, note: string, failure?: PartFailure): void => {
      this.#outcomes.set(part, outcome);
      const durationMs = Date.now() - started;
      this.#emit({
        event: 'part-finished',
        part,
        outcome,
        durationMs,
        note,
        ...(failure ? { failure } : {}),
      });
    };
    try {
      const { value, note } = await work({
        progress: this.progress,
        remark: (text) => this.#emit({ event: 'remark', part, text }),
      });
      finished('ok', note);
      return value;
    } catch (error) {
      if (this.#signal.aborted && part !== 'cleanup') {
        finished('interrupted', 'interrupted');
        return undefined;
      }
      const failure = failureOf(error);
      finished('failed', '', failure ?? { message: String(error) });
      if (!failure) throw error;
      this.unreachable ||= error instanceof NoWay;
      return undefined;
    } finally {
      this.#current = undefined;
    }
  }

  /** Leaves a part out. */
  skip(part: PartName, why: string): void {
    this.#outcomes.set(part, 'skipped');
    this.#emit({ event: 'part-finished', part, outcome: 'skipped', durationMs: 0, note: why });
  }

  /** Tells what the part that runs now is waiting for. */
  readonly progress = (text: string): void => {
    if (this.#current) this.#emit({ event: 'progress', part: this.#current, text });
  };

  count(outcome: PartOutcome): number {
    return [...this.#outcomes.values()].filter((one) => one === outcome).length;
  }

  outcomeOf(part: PartName): PartOutcome | undefined {
    return this.#outcomes.get(part);
  }
}

/** In words for people; undefined for a defect of osha's own. */
function failureOf(error: unknown): PartFailure | undefined {
  if (!(error instanceof OshaError)) return undefined;
  // What helps a deployment does not help a smoke test, which leaves nothing done and has limits of its own.
  const ofDeployments = error instanceof ConnectionDropped || error instanceof ScriptTimeout;
  return {
    message: error.message,
    hint: ofDeployments ? undefined : error.hint,
    service: error instanceof CloudError ? error.service : undefined,
  };
}

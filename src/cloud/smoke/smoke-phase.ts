import type { EventSink, RunEvent, StepFailure, StepOutcome } from '../../runner/events.ts';
import { failureOf } from '../../runner/failure.ts';
import { ConnectionDropped, ScriptTimeout } from '../../transport/errors.ts';
import { CloudUnreachable } from '../errors.ts';

/** The steps of a smoke test, in order. */
export const STEPS = {
  login: 'Log in and read the catalogue',
  image: 'Upload an image and download it',
  network: 'Create a network, a subnet and a router',
  access: 'Create a security group and a keypair',
  volume: 'Create a volume type',
  guest: 'Create a guest image',
  server: 'Boot a server',
  console: 'Read its console',
  floating: 'Reach it from outside',
  cleanup: 'Remove everything',
} as const;

export type SmokeStep = keyof typeof STEPS;

/** Reports of a step while it runs. */
export interface Reports {
  /** What the step is doing or waiting for. */
  readonly progress: (text: string) => void;
  /** Something worth knowing that is no failure. */
  readonly remark: (text: string) => void;
}

/** The result of a step: a value for later steps, and what was observed. */
export interface Seen<Value> {
  readonly value: Value;
  readonly note: string;
}

type PhaseOutcome = Extract<RunEvent, { event: 'phase-finished' }>['outcome'];

/** A round of the smoke test as a phase of a run: runs its steps serially, from this machine. */
export class SmokePhase {
  readonly #name: string;
  readonly #emit: EventSink;
  readonly #signal: AbortSignal;
  readonly #startedAt = Date.now();
  readonly #outcomes = new Map<SmokeStep, StepOutcome>();
  #current: SmokeStep | undefined;
  #isUnreachable = false;

  constructor(
    phase: { readonly name: string; readonly title: string; readonly steps: readonly SmokeStep[] },
    emit: EventSink,
    signal: AbortSignal,
  ) {
    this.#name = phase.name;
    this.#emit = emit;
    this.#signal = signal;
    const steps = phase.steps.map((step) => STEPS[step]);
    emit({ event: 'phase-started', phase: phase.name, title: phase.title, hosts: [], steps });
  }

  /** True where neither this machine nor a host reaches the cloud. */
  get isUnreachable(): boolean {
    return this.#isUnreachable;
  }

  /**
   * Runs a step. Returns `undefined` where it failed or was interrupted. Throws what is neither the cloud's fault nor a
   * host's.
   */
  async run<Value>(
    step: SmokeStep,
    work: (reports: Reports) => Promise<Seen<Value>>,
  ): Promise<Value | undefined> {
    const started = Date.now();
    this.#current = step;
    this.#emit({
      event: 'step-started',
      ...this.#placeOf(step),
      title: STEPS[step],
      hosts: [],
      strategy: 'from this machine',
    });
    const finish = (outcome: StepOutcome, more: { note?: string; failure?: StepFailure }): void => {
      this.#finish(step, outcome, Date.now() - started, more);
    };
    try {
      const { value, note } = await work({ progress: this.progress, remark: this.#remark });
      finish('ok', { note });
      return value;
    } catch (error) {
      if (this.#signal.aborted && step !== 'cleanup') {
        finish('interrupted', {});
        return undefined;
      }
      const failure = failureOf(error);
      if (!failure) {
        finish('failed', { failure: { message: String(error) } });
        throw error;
      }
      finish('failed', { failure: withoutDeploymentHint(error, failure) });
      this.#isUnreachable ||= error instanceof CloudUnreachable;
      return undefined;
    } finally {
      this.#current = undefined;
    }
  }

  skip(step: SmokeStep, why: string): void {
    this.#finish(step, 'skipped', 0, { note: why });
  }

  /** Reports what the current step is doing or waiting for. */
  readonly progress = (text: string): void => {
    if (this.#current) this.#emit({ event: 'progress', ...this.#placeOf(this.#current), text });
  };

  outcomeOf(step: SmokeStep): StepOutcome | undefined {
    return this.#outcomes.get(step);
  }

  /** Steps with that outcome. */
  count(outcome: StepOutcome): number {
    return [...this.#outcomes.values()].filter((one) => one === outcome).length;
  }

  end(): void {
    const outcome: PhaseOutcome = this.#signal.aborted
      ? 'interrupted'
      : this.count('failed') > 0
        ? 'failed'
        : 'ok';
    const durationMs = Date.now() - this.#startedAt;
    this.#emit({ event: 'phase-finished', phase: this.#name, outcome, durationMs, roundTrips: {} });
  }

  readonly #remark = (text: string): void => {
    if (this.#current) this.#emit({ event: 'evidence', ...this.#placeOf(this.#current), because: text });
  };

  #finish(
    step: SmokeStep,
    outcome: StepOutcome,
    durationMs: number,
    more: { readonly note?: string; readonly failure?: StepFailure },
  ): void {
    this.#outcomes.set(step, outcome);
    this.#emit({ event: 'step-finished', ...this.#placeOf(step), outcome, durationMs, ...more });
  }

  #placeOf(step: SmokeStep): { readonly phase: string; readonly step: string } {
    return { phase: this.#name, step };
  }
}

/** The hints of these are about resuming a deployment and its --timeout. */
function withoutDeploymentHint(error: unknown, failure: StepFailure): StepFailure {
  if (!(error instanceof ConnectionDropped || error instanceof ScriptTimeout)) return failure;
  const { message, output } = failure;
  return { message, ...(output === undefined ? {} : { output }) };
}

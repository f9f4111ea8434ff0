import type { Evidence } from '../playbook/operation.ts';
import type { EventSink, RunEvent, StepFailure, StepOutcome } from './events.ts';
import { failureOf, Refusal } from './failure.ts';
import type { LocalTotals } from './local-run.ts';

/** Reports of a step while it runs. */
export interface Reports {
  /** What the step is doing or waiting for. */
  readonly progress: (text: string) => void;
  /** Something worth knowing that is no failure, with a table if there is one. */
  readonly remark: (text: string, evidence?: Evidence) => void;
}

/** The result of a step: a value for later steps, and what was observed. */
export interface Seen<Value> {
  readonly value: Value;
  readonly note: string;
}

type PhaseOutcome = Extract<RunEvent, { event: 'phase-finished' }>['outcome'];

export interface LocalPhaseOptions<Step extends string> {
  readonly name: string;
  readonly title: string;
  /** Its steps in order, with their titles. */
  readonly steps: Readonly<Partial<Record<Step, string>>>;
  /** Steps that also run after an interruption, such as a cleanup. */
  readonly always: readonly Step[];
}

/** A phase whose steps run serially from this machine and have outcomes of their own: a round of a smoke test, a drill. */
export class LocalPhase<Step extends string> {
  readonly name: string;
  readonly #steps: LocalPhaseOptions<Step>['steps'];
  readonly #always: readonly Step[];
  readonly #emit: EventSink;
  readonly #signal: AbortSignal;
  readonly #startedAt = Date.now();
  readonly #outcomes = new Map<Step, StepOutcome>();
  #current: Step | undefined;
  #refusal: StepFailure | undefined;

  constructor({ name, title, steps, always }: LocalPhaseOptions<Step>, emit: EventSink, signal: AbortSignal) {
    this.name = name;
    this.#steps = steps;
    this.#always = always;
    this.#emit = emit;
    this.#signal = signal;
    const titles = Object.values<string | undefined>(steps).flatMap((one) => one ?? []);
    emit({ event: 'phase-started', phase: name, title, hosts: [], steps: titles });
  }

  /**
   * Runs a step. Returns `undefined` where it failed or was interrupted. Throws what is neither the fault of a service nor of
   * a host.
   */
  async run<Value>(step: Step, work: (reports: Reports) => Promise<Seen<Value>>): Promise<Value | undefined> {
    const started = Date.now();
    this.#current = step;
    this.#emit({
      event: 'step-started',
      ...this.#placeOf(step),
      title: this.#steps[step] ?? step,
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
      if (this.#signal.aborted && !this.#always.includes(step)) {
        finish('interrupted', {});
        return undefined;
      }
      const failure = failureOf(error);
      if (!failure) {
        finish('failed', { failure: { message: String(error) } });
        throw error;
      }
      const isRefusal = error instanceof Refusal;
      if (isRefusal) this.#refusal = failure;
      finish(isRefusal ? 'refused' : 'failed', { failure: this.shownFailure(error, failure) });
      return undefined;
    } finally {
      this.#current = undefined;
    }
  }

  /** Why a step was refused, if one was. */
  get refusal(): StepFailure | undefined {
    return this.#refusal;
  }

  skip(step: Step, why: string): void {
    this.#finish(step, 'skipped', 0, { note: why });
  }

  /** Reports what the current step is doing or waiting for. */
  readonly progress = (text: string): void => {
    if (this.#current) this.#emit({ event: 'progress', ...this.#placeOf(this.#current), text });
  };

  outcomeOf(step: Step): StepOutcome | undefined {
    return this.#outcomes.get(step);
  }

  /** Steps with that outcome. */
  count(outcome: StepOutcome): number {
    return [...this.#outcomes.values()].filter((one) => one === outcome).length;
  }

  /** What it comes to, for the summary of its run. */
  totals(): LocalTotals {
    const [ok, failed, skipped] = [this.count('ok'), this.count('failed'), this.count('skipped')];
    return { ok, failed, skipped, refusal: this.#refusal };
  }

  end(): void {
    const outcome: PhaseOutcome = this.#signal.aborted
      ? 'interrupted'
      : this.count('failed') > 0
        ? 'failed'
        : this.#refusal
          ? 'refused'
          : 'ok';
    const durationMs = Date.now() - this.#startedAt;
    this.#emit({ event: 'phase-finished', phase: this.name, outcome, durationMs, roundTrips: {} });
  }

  /** How the failure of a step is shown. */
  protected shownFailure(_error: unknown, failure: StepFailure): StepFailure {
    return failure;
  }

  readonly #remark: Reports['remark'] = (because, evidence) => {
    if (!this.#current) return;
    const table = evidence === undefined ? {} : { evidence };
    this.#emit({ event: 'evidence', ...this.#placeOf(this.#current), because, ...table });
  };

  #finish(
    step: Step,
    outcome: StepOutcome,
    durationMs: number,
    more: { readonly note?: string; readonly failure?: StepFailure },
  ): void {
    this.#outcomes.set(step, outcome);
    this.#emit({ event: 'step-finished', ...this.#placeOf(step), outcome, durationMs, ...more });
  }

  #placeOf(step: Step): { readonly phase: string; readonly step: string } {
    return { phase: this.name, step };
  }
}

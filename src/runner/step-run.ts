import type { Host } from '../inventory/types.ts';
import type { PlannedStep } from '../planner/plan.ts';
import type { Change, ResourceKey } from '../playbook/operation.ts';
import type { Outcome, RunEvent, StepFailure } from './events.ts';
import { failureOf, Refusal } from './failure.ts';
import type { PhaseRun } from './phase-run.ts';

/** Whether a phase continues after a step. */
export type StepEnd =
  | { readonly end: 'done' }
  | {
      readonly end: 'stop';
      readonly outcome: 'failed' | 'refused' | 'deferred';
      readonly reason: string;
      /** Where the step itself failed or was refused, and not one of its hosts. */
      readonly failure?: StepFailure;
    };

export const done: StepEnd = { end: 'done' };

/** A step that is being carried out: emits and counts what happens in it. */
export class StepRun {
  readonly phaseRun: PhaseRun;
  readonly planned: PlannedStep;
  readonly #outcomes: Outcome[] = [];

  constructor(phaseRun: PhaseRun, planned: PlannedStep) {
    this.phaseRun = phaseRun;
    this.planned = planned;
  }

  /** How hosts have come out of the step so far. */
  get outcomes(): readonly Outcome[] {
    return this.#outcomes;
  }

  get isInterrupted(): boolean {
    return this.phaseRun.planRun.isInterrupted;
  }

  /** What every event of the step begins with. */
  get place(): { readonly phase: string; readonly step: string } {
    return { phase: this.phaseRun.planned.name, step: this.planned.id };
  }

  emit(event: RunEvent): void {
    this.phaseRun.planRun.emit(event);
  }

  /** Hosts of the step that still take part. */
  present(): readonly Host[] {
    return this.phaseRun.present(this.planned.hosts);
  }

  started(host: string): void {
    this.emit({ event: 'host-started', ...this.place, host });
  }

  /** Emits and counts how a host came out of the step. */
  finish(
    host: string,
    outcome: Outcome,
    durationMs: number,
    more: { note?: string; failure?: StepFailure } = {},
  ): void {
    this.#outcomes.push(outcome);
    this.phaseRun.totals.count(host, outcome, durationMs);
    this.phaseRun.planRun.totals.count(host, outcome, durationMs);
    this.emit({ event: 'host-finished', ...this.place, host, outcome, durationMs, ...more });
  }

  /** Skips the step on hosts, for one reason. */
  skip(hosts: readonly Host[], note: string): void {
    for (const { name } of hosts) this.finish(name, 'skipped', 0, { note });
  }

  /** Records that a host failed in the step: it takes no part in what follows. Everything else continues. */
  fail(host: string, error: unknown, durationMs: number): void {
    if (this.isInterrupted) {
      this.finish(host, 'skipped', durationMs, { note: 'interrupted' });
      return;
    }
    const { title } = this.planned.step;
    if (error instanceof Refusal) this.phaseRun.planRun.refuse(`${host}: ${error.message}`);
    this.phaseRun.leave(host, `it failed in "${title}"`);
    this.finish(host, 'failed', durationMs, { failure: inWords(error) });
  }

  /**
   * Records that the step failed or was refused as a whole: its phase stops, and its hosts take part in all that does not
   * need that phase.
   */
  failAsWhole(error: unknown): StepEnd {
    const { title } = this.planned.step;
    const { planRun, planned, totals } = this.phaseRun;
    if (this.isInterrupted) return { end: 'stop', outcome: 'failed', reason: 'interrupted' };
    const failure = inWords(error);
    if (error instanceof Refusal) {
      planRun.refuse(`${planned.name}: ${error.message}`);
      return { end: 'stop', outcome: 'refused', reason: `"${title}" was refused: ${error.message}`, failure };
    }
    totals.stepFailed();
    planRun.totals.stepFailed();
    return { end: 'stop', outcome: 'failed', reason: `"${title}" failed`, failure };
  }

  /**
   * A step that needs a whole cluster cannot run while a member that this run is responsible for is gone: skips it on the
   * other hosts and stops the phase. Returns `undefined` when all are there; members that `--limit` leaves out do not
   * count, nor with `exceptUnreachable` those that cannot be reached while another one can.
   */
  stopWithoutMembers(
    members: readonly Host[],
    { exceptUnreachable = false }: { readonly exceptUnreachable?: boolean | undefined } = {},
  ): StepEnd | undefined {
    const { planRun } = this.phaseRun;
    const mayMiss = exceptUnreachable && this.phaseRun.present(members).length > 0;
    const isExcepted = ({ name }: Host): boolean => {
      if (!planRun.mayChange(name)) return true;
      const connected = planRun.connections.of(name);
      return mayMiss && !connected.ok && connected.absence === 'unreachable';
    };
    const isGone = ({ name }: Host): boolean => this.phaseRun.whyGone(name) !== undefined;
    const missing = members.find((member) => isGone(member) && !isExcepted(member));
    if (!missing) return undefined;
    const reason = `it needs ${missing.name}: ${this.phaseRun.whyGone(missing.name) ?? ''}`;
    this.skip(this.present(), reason);
    return { end: 'stop', outcome: 'failed', reason };
  }

  /** Emits and counts a change that is made, or announced. */
  emitChange(host: string, change: Change, { applied }: { readonly applied: boolean }): void {
    this.#count(host, 'changes');
    this.emit({
      event: 'change',
      ...this.place,
      host,
      summary: change.summary,
      applied,
      ...(change.effects?.length ? { effects: change.effects } : {}),
      ...(change.diff ? { diff: change.diff } : {}),
    });
  }

  /**
   * Emits and counts an operation that may have something to do once `because` has changed. What it may touch is pending
   * from then on, so that nothing that depends on it is announced as certain.
   */
  emitPossible(
    host: string,
    possible: {
      readonly operation: string;
      readonly because: ResourceKey;
      readonly touches: readonly ResourceKey[];
    },
  ): void {
    const { operation, because, touches } = possible;
    this.phaseRun.pending.addPossible(host, touches);
    this.#count(host, 'unknown');
    this.emit({ event: 'may-follow', ...this.place, host, operation, because });
  }

  /**
   * The changes to make, of those that the operation with this title decided on. Removals that `--prune` does not cover are
   * offered instead, once each. Throws `Refusal` for a change that the run is not approved to make.
   */
  toMake(host: string, operation: string, changes: readonly Change[]): readonly Change[] {
    const made = changes.filter(({ prunes, summary }) => {
      if (!prunes || this.#mayPrune(host, summary)) return true;
      this.#offer(host, summary);
      return false;
    });
    const { approved } = this.phaseRun.planRun.settings;
    const other = made.find(
      ({ summary }) => approved?.allows({ ...this.place, host }, operation, summary) === false,
    );
    if (!other) return made;
    throw new Refusal(
      `not in the saved plan: ${other.summary}`,
      'something has changed since the plan was made: make it again with osha plan INVENTORY --out FILE',
    );
  }

  #offer(host: string, summary: string): void {
    const { offered } = this.phaseRun.planRun;
    const key = `${this.phaseRun.planned.name}/${this.planned.id}/${host}/${summary}`;
    if (offered.has(key)) return;
    offered.add(key);
    this.emit({ event: 'prunable', ...this.place, host, summary });
  }

  #mayPrune(host: string, summary: string): boolean {
    const { prune } = this.phaseRun.planRun.settings;
    if (typeof prune === 'boolean') return prune;
    return prune.some(
      (confirmed) =>
        confirmed.phase === this.phaseRun.planned.name &&
        confirmed.step === this.planned.id &&
        confirmed.host === host &&
        confirmed.summary === summary,
    );
  }

  #count(host: string, what: 'changes' | 'unknown'): void {
    this.phaseRun.totals.add(host, what);
    this.phaseRun.planRun.totals.add(host, what);
  }
}

function inWords(error: unknown): StepFailure {
  return (
    failureOf(error) ?? {
      message: `osha itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      hint: 'this is a defect of osha: please report it with the log of this run',
    }
  );
}

import type { PhaseProgress, StepProgress } from '../progress.ts';
import { lengthOf, spanOf, type RunModel, type Span } from './run-model.ts';
import { wavesOf } from './timeline.ts';

/** A step that took time. */
export interface TimedStep extends Span {
  readonly phase: PhaseProgress;
  readonly step: StepProgress;
  /** The host that the step lasted for; `undefined` where that is no single one. */
  readonly host: string | undefined;
}

/** The chain of steps that determined how long a run took, and the time that no step took; all in milliseconds. */
export interface CriticalPath {
  readonly steps: readonly TimedStep[];
  /** Connecting, locking and checking the hosts. */
  readonly beforeMs: number;
  readonly betweenMs: number;
  readonly afterMs: number;
}

/**
 * Waves run serially, and so do the steps of a phase. So the chain is, of each wave, the steps of the phase that ended
 * last. A phase without a step that began is not part of it.
 */
export function criticalPath(model: RunModel): CriticalPath {
  const steps = wavesOf(model.progress).flatMap((wave) => {
    const ofPhases = wave.map((phase) => timedSteps(phase, model));
    return ofPhases.reduce((one, other) => (endOf(other) > endOf(one) ? other : one), []);
  });
  const { beganAt, endedAt } = model;
  const gaps = steps.slice(1).map(({ from }, index) => from - (steps[index]?.to ?? from));
  return {
    steps,
    beforeMs: lengthOf((steps[0]?.from ?? endedAt) - beganAt),
    betweenMs: gaps.reduce((sum, gap) => sum + lengthOf(gap), 0),
    afterMs: lengthOf(endedAt - (steps.at(-1)?.to ?? endedAt)),
  };
}

/** The steps that took longest, the longest first. */
export function slowestSteps(model: RunModel, most: number): readonly TimedStep[] {
  return [...model.progress.phases.values()]
    .flatMap((phase) => timedSteps(phase, model))
    .sort((a, b) => b.to - b.from - (a.to - a.from))
    .slice(0, most);
}

function timedSteps(phase: PhaseProgress, model: RunModel): readonly TimedStep[] {
  return [...phase.steps.values()].flatMap((step) => {
    const span = spanOf(step, model);
    return span ? [{ phase, step, host: slowestHost(step), ...span }] : [];
  });
}

function endOf(steps: readonly TimedStep[]): number {
  return Math.max(0, ...steps.map(({ to }) => to));
}

/** The host that ended last; none where hosts took turns, or all took part in one decision. */
function slowestHost(step: StepProgress): string | undefined {
  const ends = [...step.hosts]
    .filter(([, host]) => host.startedAt > 0)
    .map(([name, host]) => ({ name, at: host.startedAt + lengthOf(host.durationMs) }));
  if (ends.length > 1 && step.strategy !== 'in parallel') return undefined;
  const last = Math.max(...ends.map(({ at }) => at));
  const [slowest, ...others] = ends.filter(({ at }) => at === last);
  return others.length === 0 ? slowest?.name : undefined;
}

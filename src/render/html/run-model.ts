import type { RunEvent } from '../../runner/events.ts';
import {
  advance,
  createProgress,
  type PhaseProgress,
  type Progress,
  type StepProgress,
} from '../progress.ts';
import { isSound } from './sound.ts';

/** An event and when it was recorded: ISO 8601. */
export type TimedEvent = RunEvent & { readonly time: string };

/** A run as its record tells it. */
export interface RunModel {
  readonly progress: Progress;
  /** Milliseconds, as in `Date.now()`. */
  readonly beganAt: number;
  /** Of a run without a summary: when its last event was recorded. */
  readonly endedAt: number;
  /** Events that could not be understood, and are left out. */
  readonly damaged: number;
}

/** A stretch of time in milliseconds, as in `Date.now()`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Builds the model of a run from its record, which may end anywhere and be damaged. */
export function runModel(events: readonly TimedEvent[]): RunModel {
  const progress = createProgress();
  let damaged = 0;
  let beganAt: number | undefined;
  let now = 0;
  for (const event of events) {
    const time = Date.parse(event.time);
    // A clock that is set back must not give a step a negative time.
    if (time > now) now = time;
    beganAt ??= now;
    if (!isSound(event)) {
      damaged += 1;
      continue;
    }
    try {
      advance(progress, event, now);
    } catch {
      // The rest of a damaged record is still worth reading.
      damaged += 1;
    }
  }
  beganAt ??= now;
  const { summary } = progress;
  return { progress, beganAt, endedAt: Math.max(now, beganAt + lengthOf(summary?.durationMs ?? 0)), damaged };
}

/** When a step or a phase ran; `undefined` where it never began. One without an end lasted until the end of the record. */
export function spanOf(
  { state, startedAt, durationMs }: StepProgress | PhaseProgress,
  { endedAt }: Pick<RunModel, 'endedAt'>,
): Span | undefined {
  if (startedAt === 0) return undefined;
  const isOpen = state === 'waiting' || state === 'running';
  return { from: startedAt, to: isOpen ? endedAt : startedAt + lengthOf(durationMs) };
}

/** A duration of a record, which may be damaged. */
export function lengthOf(durationMs: number): number {
  return Number.isFinite(durationMs) ? Math.max(0, durationMs) : 0;
}

import type { HostProgress, PhaseProgress, Progress, StepProgress } from '../progress.ts';
import { duration } from '../text.ts';
import { lengthOf, spanOf, type RunModel, type Span } from './run-model.ts';

/** How a bar looks: by colour and shape. */
export type Look = 'ok' | 'changed' | 'failed' | 'refused' | 'skipped' | 'unfinished';

/** A step on one host, or several very short ones. */
export interface Bar extends Span {
  readonly look: Look;
  /** Which step it is, how it ended and how long it took. */
  readonly title: string;
}

/** The bars of one host, in rows: those of phases that ran in parallel are below each other. */
export interface Lane {
  readonly name: string;
  readonly rows: readonly (readonly Bar[])[];
}

/** Steps of a smoke test run on no host of the inventory. */
export const OWN_LANE = 'this machine';

/** A bar below this part of the whole width is too narrow to be seen alone. */
const SLIVER = 1 / 400;

/** The lanes of some phases, in the order of `hosts`; `span` is the time that is shown. */
export function lanesOf(
  phases: readonly PhaseProgress[],
  hosts: readonly string[],
  span: Span,
  model: RunModel,
): readonly Lane[] {
  const bars = new Map<string, Bar[]>(hosts.map((host) => [host, []]));
  const add = (lane: string, bar: Bar): void => {
    bars.set(lane, [...(bars.get(lane) ?? []), bar]);
  };
  for (const phase of phases) {
    const ofPhase = new Map<string, Bar[]>();
    for (const step of phase.steps.values()) {
      for (const [lane, bar] of barsOf(phase, step, model)) {
        ofPhase.set(lane, [...(ofPhase.get(lane) ?? []), bar]);
      }
    }
    for (const [lane, found] of ofPhase) {
      for (const bar of joined(found, span, phase.name)) add(lane, bar);
    }
  }
  return [...bars].map(([name, found]) => ({ name, rows: inRows(found) }));
}

function barsOf(
  phase: PhaseProgress,
  step: StepProgress,
  model: RunModel,
): readonly (readonly [lane: string, bar: Bar])[] {
  const span = spanOf(step, model);
  if (!span) return [];
  const titled = (look: Look, { from, to }: Span, words: string): Bar => ({
    from,
    to,
    look,
    title: `${phase.name}: ${step.title}: ${words}, ${duration(to - from)}`,
  });
  if (step.hosts.size === 0) {
    const look = lookOfStep(step);
    return [[OWN_LANE, titled(look, span, look)]];
  }
  return [...step.hosts].flatMap(([name, host]) => {
    // It waited for its turn, or the step ran on another host.
    if (host.state === 'waiting') return [];
    const look = lookOfHost(step, host);
    const from = host.startedAt === 0 ? span.from : host.startedAt;
    const to = look === 'unfinished' ? span.to : from + lengthOf(host.durationMs);
    const words = look === 'unfinished' ? 'not finished' : host.state;
    return [[name, titled(look, { from, to }, words)] as const];
  });
}

/** How a step as a whole came out. */
export function lookOfStep(step: StepProgress): Look {
  if (step.state !== 'finished' || step.outcome === 'interrupted') return 'unfinished';
  const hosts = [...step.hosts.values()].map((host) => lookOfHost(step, host));
  const worst = WORST_FIRST.find((look) => hosts.includes(look));
  if (step.failure) return step.outcome === 'refused' ? 'refused' : 'failed';
  return step.outcome === undefined ? (worst ?? 'ok') : lookOf(step.outcome);
}

function lookOfHost(step: StepProgress, { state, note }: HostProgress): Look {
  if (state === 'waiting' || state === 'running' || note === 'interrupted') return 'unfinished';
  if (step.outcome === 'refused' && state === 'skipped') return 'refused';
  return lookOf(state);
}

function lookOf(outcome: NonNullable<StepProgress['outcome']>): Look {
  switch (outcome) {
    case 'ok':
    case 'failed':
    case 'changed':
    case 'refused':
    case 'skipped':
      return outcome;
    case 'would-change':
      return 'changed';
    case 'interrupted':
      return 'unfinished';
    case 'unknown':
    case 'verified-later':
    case 'deferred':
      return 'skipped';
    default:
      // Of a damaged record.
      return 'skipped';
  }
}

/** How a phase came out. */
export function lookOfPhase({ state }: PhaseProgress): Look {
  return state === 'waiting' || state === 'running' ? 'unfinished' : lookOf(state);
}

const WORST_FIRST: readonly Look[] = ['failed', 'refused', 'unfinished', 'changed', 'ok', 'skipped'];

/** Joins neighbours that look the same and are too short to be seen alone. */
function joined(bars: readonly Bar[], span: Span, phase: string): readonly Bar[] {
  const sliver = (span.to - span.from) * SLIVER;
  const isSliver = ({ from, to }: Span): boolean => to - from < sliver;
  const result: { bar: Bar; count: number }[] = [];
  for (const bar of bars) {
    const last = result.at(-1);
    if (
      last &&
      last.bar.look === bar.look &&
      isSliver(bar) &&
      (last.count > 1 || isSliver(last.bar)) &&
      bar.from - last.bar.to < sliver
    ) {
      last.count += 1;
      last.bar = { ...last.bar, to: Math.max(last.bar.to, bar.to) };
    } else result.push({ bar, count: 1 });
  }
  return result.map(({ bar, count }) => {
    if (count === 1) return bar;
    return { ...bar, title: `${phase}: ${count} short steps: ${bar.look}, ${duration(bar.to - bar.from)}` };
  });
}

/** As few rows as possible, in which no bar covers another. */
function inRows(bars: readonly Bar[]): readonly (readonly Bar[])[] {
  const rows: Bar[][] = [];
  for (const bar of [...bars].sort((a, b) => a.from - b.from)) {
    // The time of an event is recorded a little later than the step began.
    const free = rows.find((row) => (row.at(-1)?.to ?? 0) <= bar.from + CLOCK_MS);
    if (free) free.push(bar);
    else rows.push([bar]);
  }
  return rows;
}

/** Milliseconds by which two recorded times may be wrong. */
const CLOCK_MS = 20;

/** Phases that ran in parallel, together; the others alone. In the order of the run. */
export function wavesOf(progress: Progress): readonly (readonly PhaseProgress[])[] {
  const waves = new Map<string, PhaseProgress[]>();
  for (const phase of progress.phases.values()) {
    const first = progress.together.find((names) => names.includes(phase.name))?.[0] ?? phase.name;
    waves.set(first, [...(waves.get(first) ?? []), phase]);
  }
  return [...waves.values()];
}

/** Round times to mark on an axis of this length, at most `most` besides the beginning; all in milliseconds. */
export function ticksOf(lengthMs: number, most = 8): readonly number[] {
  const size =
    STEPS_MS.find((step) => lengthMs / step <= most) ?? Math.ceil(lengthMs / most / HOUR_MS) * HOUR_MS;
  return Array.from({ length: Math.floor(lengthMs / size) + 1 }, (_, index) => index * size);
}

const HOUR_MS = 3_600_000;
const STEPS_MS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600].map(
  (seconds) => seconds * 1000,
);

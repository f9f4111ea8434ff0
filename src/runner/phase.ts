import type { Host } from '../inventory/types.ts';
import type { PlannedPhase, PlannedStep } from '../planner/plan.ts';
import type { Probe } from '../playbook/operation.ts';
import { runClusterStep } from './cluster-step.ts';
import type { Place, RunContext, StepEnd } from './context.ts';
import type { Outcome, RunEvent, StepOutcome } from './events.ts';
import { runHostStep } from './host-step.ts';
import { runVerifyStep } from './verify-step.ts';
import type { Writer } from './writer.ts';

/** Runs the steps of a phase. Returns why it stopped, or `undefined` when it came to its end. */
export async function runPhase(
  context: RunContext,
  writer: Writer,
  phase: PlannedPhase,
): Promise<string | undefined> {
  const started = Date.now();
  const participants = hostsOfPhase(phase);
  tellPhase(context, phase);
  for (const host of context.present(participants)) {
    context.observer(host.name).expect(probesOf(context, phase, host));
  }
  let stop: Extract<StepEnd, { end: 'stop' }> | undefined;
  for (const planned of phase.steps) {
    if (context.interrupted) break;
    if (stop) {
      skipStep(context, phase, planned, stop.reason);
      continue;
    }
    const end = await runStep(context, writer, { phase, planned });
    if (end.end === 'stop') stop = end;
  }
  context.emit({
    event: 'phase-finished',
    phase: phase.name,
    outcome: outcomeOf(context, phase, stop),
    durationMs: Date.now() - started,
    roundTrips: context.roundTrips(participants),
  });
  return stop?.reason;
}

function outcomeOf(
  context: RunContext,
  phase: PlannedPhase,
  stop: Extract<StepEnd, { end: 'stop' }> | undefined,
): Extract<RunEvent, { event: 'phase-finished' }>['outcome'] {
  if (context.interrupted) return 'interrupted';
  if (stop) return stop.outcome;
  const { changes, failed } = context.totals.counts();
  if (failed > 0) return 'failed';
  if (context.present(phase.hosts).length === 0) return 'skipped';
  return changes > 0 ? 'changed' : 'ok';
}

async function runStep(context: RunContext, writer: Writer, place: Place): Promise<StepEnd> {
  const started = Date.now();
  const { phase, planned } = place;
  const { step } = planned;
  context.takeOutcomes();
  context.emit({
    event: 'step-started',
    phase: phase.name,
    step: planned.id,
    title: step.title,
    hosts: planned.hosts.map((host) => host.name),
    strategy: planned.strategy,
  });
  for (const host of planned.hosts) {
    const gone = context.whyGone(host.name);
    if (gone !== undefined) context.finish(place, host.name, 'skipped', 0, { note: gone });
  }
  const end = await (step.kind === 'host'
    ? runHostStep(context, writer, place, step)
    : step.kind === 'cluster'
      ? runClusterStep(context, writer, place, step)
      : runVerifyStep(context, writer, place, step));
  context.emit({
    event: 'step-finished',
    phase: phase.name,
    step: planned.id,
    outcome: stepOutcomeOf(end, context.takeOutcomes(), context.interrupted),
    durationMs: Date.now() - started,
    ...(end.end === 'stop' && end.failure ? { failure: end.failure } : {}),
  });
  return end;
}

/** The worst first. */
const BY_WEIGHT: readonly Outcome[] = [
  'failed',
  'deferred',
  'changed',
  'would-change',
  'unknown',
  'verified-later',
  'ok',
  'skipped',
];

function stepOutcomeOf(end: StepEnd, hosts: readonly Outcome[], interrupted: boolean): StepOutcome {
  if (interrupted) return 'interrupted';
  if (end.end === 'stop' && (end.failure || end.outcome === 'deferred')) return end.outcome;
  return BY_WEIGHT.find((outcome) => hosts.includes(outcome)) ?? 'ok';
}

function skipStep(context: RunContext, phase: PlannedPhase, planned: PlannedStep, note: string): void {
  for (const host of planned.hosts) context.finish({ phase, planned }, host.name, 'skipped', 0, { note });
}

/** Tells that a phase is not run, and why, which is returned. */
export function skipPhase(context: RunContext, phase: PlannedPhase, reason: string): string {
  tellPhase(context, phase);
  for (const planned of phase.steps) skipStep(context, phase, planned, reason);
  context.emit({
    event: 'phase-finished',
    phase: phase.name,
    outcome: 'skipped',
    durationMs: 0,
    roundTrips: {},
  });
  return reason;
}

function tellPhase(context: RunContext, phase: PlannedPhase): void {
  context.emit({
    event: 'phase-started',
    phase: phase.name,
    title: phase.title,
    hosts: phase.hosts.map((host) => host.name),
    steps: phase.steps.map((planned) => planned.step.title),
  });
}

function hostsOfStep(planned: PlannedStep): readonly Host[] {
  const { step } = planned;
  if (step.kind === 'cluster') return [...planned.hosts, ...step.operation.members];
  if (step.kind === 'verify') return [...planned.hosts, ...step.check.members];
  return [...planned.hosts, ...planned.hosts.flatMap((host) => step.untilHealthy?.(host).members ?? [])];
}

/** Hosts that a phase reads or changes, also those that `--limit` leaves out. */
export function hostsOfPhase(phase: PlannedPhase): readonly Host[] {
  return unique(phase.steps.flatMap(hostsOfStep));
}

/** Each host once. */
export function unique(hosts: readonly Host[]): readonly Host[] {
  return [...new Map(hosts.map((host) => [host.name, host])).values()];
}

/** Everything that a phase is going to ask of one host, in its order. */
function probesOf(context: RunContext, phase: PlannedPhase, host: Host): readonly Probe[] {
  const isIn = (hosts: readonly Host[]): boolean => hosts.some((other) => other.name === host.name);
  return phase.steps.flatMap(({ step, hosts }): readonly Probe[] => {
    if (step.kind === 'cluster') return isIn(step.operation.members) ? [step.operation.probe(host)] : [];
    if (step.kind === 'verify') return isIn(step.check.members) ? [step.check.probe(host)] : [];
    const runsHere = step.strategy.kind === 'once' ? context.present(hosts).slice(0, 1) : hosts;
    return isIn(runsHere) ? step.operations(host).map((operation) => operation.probe) : [];
  });
}

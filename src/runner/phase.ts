import type { Host } from '../inventory/types.ts';
import type { PlannedPhase, PlannedStep } from '../planner/plan.ts';
import type { Probe } from '../playbook/operation.ts';
import { runClusterStep } from './cluster-step.ts';
import type { Outcome, RunEvent, StepOutcome } from './events.ts';
import { runHostStep } from './host-step.ts';
import type { PhaseRun } from './phase-run.ts';
import { StepRun, type StepEnd } from './step-run.ts';
import { runVerifyStep } from './verification.ts';
import type { Writer } from './writer.ts';

/** Runs the steps of a phase. Returns why it stopped, or `undefined` when it completed. */
export async function runPhase(run: PhaseRun, writer: Writer): Promise<string | undefined> {
  const started = Date.now();
  const { planned } = run;
  const participants = hostsOfPhase(planned);
  emitStart(run);
  for (const host of run.present(participants)) run.observer(host.name).expect(probesOf(run, host));
  let stop: Extract<StepEnd, { end: 'stop' }> | undefined;
  for (const plannedStep of planned.steps) {
    if (run.isInterrupted) break;
    const step = new StepRun(run, plannedStep);
    if (stop) {
      step.skip(plannedStep.hosts, stop.reason);
      continue;
    }
    const end = await runStep(step, writer);
    if (end.end === 'stop') stop = end;
  }
  run.planRun.emit({
    event: 'phase-finished',
    phase: planned.name,
    outcome: outcomeOf(run, stop),
    durationMs: Date.now() - started,
    roundTrips: run.roundTrips(participants),
  });
  return stop?.reason;
}

function outcomeOf(
  run: PhaseRun,
  stop: Extract<StepEnd, { end: 'stop' }> | undefined,
): Extract<RunEvent, { event: 'phase-finished' }>['outcome'] {
  if (run.isInterrupted) return 'interrupted';
  if (stop) return stop.outcome;
  const { changes, failed } = run.totals.counts();
  if (failed > 0) return 'failed';
  if (run.present(run.planned.hosts).length === 0) return 'skipped';
  return changes > 0 ? 'changed' : 'ok';
}

async function runStep(run: StepRun, writer: Writer): Promise<StepEnd> {
  const started = Date.now();
  const { step, hosts, strategy } = run.planned;
  run.emit({
    event: 'step-started',
    ...run.place,
    title: step.title,
    hosts: hosts.map((host) => host.name),
    strategy,
  });
  for (const host of hosts) {
    const gone = run.phaseRun.whyGone(host.name);
    if (gone !== undefined) run.skip([host], gone);
  }
  const end = await (step.kind === 'host'
    ? runHostStep(run, writer, step)
    : step.kind === 'cluster'
      ? runClusterStep(run, writer, step)
      : runVerifyStep(run, writer, step));
  run.emit({
    event: 'step-finished',
    ...run.place,
    outcome: stepOutcomeOf(run, end),
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

function stepOutcomeOf(run: StepRun, end: StepEnd): StepOutcome {
  if (run.isInterrupted) return 'interrupted';
  if (end.end === 'stop' && (end.failure || end.outcome === 'deferred')) return end.outcome;
  return BY_WEIGHT.find((outcome) => run.outcomes.includes(outcome)) ?? 'ok';
}

/** Skips a phase. Returns the reason. */
export function skipPhase(run: PhaseRun, reason: string): string {
  emitStart(run);
  for (const step of run.planned.steps) new StepRun(run, step).skip(step.hosts, reason);
  run.planRun.emit({
    event: 'phase-finished',
    phase: run.planned.name,
    outcome: 'skipped',
    durationMs: 0,
    roundTrips: {},
  });
  return reason;
}

function emitStart({ planRun, planned }: PhaseRun): void {
  planRun.emit({
    event: 'phase-started',
    phase: planned.name,
    title: planned.title,
    hosts: planned.hosts.map((host) => host.name),
    steps: planned.steps.map(({ step }) => step.title),
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

/** All probes of a phase for one host, in the order of its steps. */
function probesOf(run: PhaseRun, host: Host): readonly Probe[] {
  const isIn = (hosts: readonly Host[]): boolean => hosts.some((other) => other.name === host.name);
  return run.planned.steps.flatMap(({ step, hosts }): readonly Probe[] => {
    if (step.kind === 'cluster') return isIn(step.operation.members) ? [step.operation.probe(host)] : [];
    if (step.kind === 'verify') return isIn(step.check.members) ? [step.check.probe(host)] : [];
    const runsHere = step.strategy.kind === 'once' ? run.present(hosts).slice(0, 1) : hosts;
    return isIn(runsHere) ? step.operations(host).map((operation) => operation.probe) : [];
  });
}

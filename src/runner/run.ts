import type { Host } from '../inventory/types.ts';
import type { Plan, PlannedPhase, PlannedStep } from '../planner/plan.ts';
import type { HealthCheck, Probe } from '../playbook/operation.ts';
import type { Transport } from '../transport/session.ts';
import { runClusterStep } from './cluster-step.ts';
import { Connections } from './connections.ts';
import { RunContext, type RunSettings, type StepEnd } from './context.ts';
import type { EventSink, RunEvent } from './events.ts';
import { runHostStep } from './host-step.ts';
import { takeLocks } from './lock.ts';
import { Observer } from './observer.ts';
import { Pending } from './pending.ts';
import { Totals } from './totals.ts';
import { runVerifyStep } from './verify-step.ts';
import { answersOf } from './wait.ts';

export type RunSummary = Extract<RunEvent, { event: 'summary' }>;

export interface RunOptions extends RunSettings {
  readonly transport: Transport;
  readonly connectTimeoutMs: number;
  /** Milliseconds for one round trip of probes. */
  readonly probeTimeoutMs: number;
  readonly acceptNew: boolean;
  /** What the user typed, for the journal. */
  readonly command: string;
  /** Who holds the lock while this runs: shown to whoever comes second. */
  readonly lockOwner: string;
  /** Asked of every host before anything is done: a host with an unhealthy finding is left as it is. */
  readonly gate?: HealthCheck;
  readonly emit: EventSink;
}

/**
 * Carries out a plan and returns its summary, which is also the last event. Errors of hosts are events, collected and
 * counted; this throws only on a defect.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunSummary> {
  const started = Date.now();
  const { emit, signal } = options;
  const connections = new Connections(options.transport, {
    timeoutMs: options.connectTimeoutMs,
    acceptNew: options.acceptNew,
    signal,
  });
  const involved = hostsInvolved(plan);
  const context = new RunContext({
    plan,
    settings: options,
    connections,
    observers: new Map(
      involved.map((host) => [
        host.name,
        new Observer(host, connections, { timeoutMs: options.probeTimeoutMs, signal }),
      ]),
    ),
    totals: new Totals(plan.hosts.map((host) => host.name)),
    pending: new Pending(),
    emit,
  });
  emit({
    event: 'run-started',
    command: options.command,
    inventory: plan.inventory.file,
    mode: options.mode,
    phases: plan.phases.map((phase) => phase.name),
    hosts: plan.hosts.map((host) => host.name),
  });
  try {
    await connections.open(involved, options.forks, emit);
    for (const host of plan.hosts) if (!connections.of(host.name).ok) context.totals.unreachable(host.name);
    if (options.gate) await rejectUnfit(context, options.gate);
    const locked = options.mode === 'diff' || (await takeLocks(context, options.lockOwner));
    if (locked) await runPhases(context);
  } finally {
    for (const host of plan.hosts) context.totals.roundTrips(host.name, connections.roundTrips(host.name));
    await connections.close();
  }
  const summary = context.totals.summary({
    durationMs: Date.now() - started,
    interrupted: context.interrupted,
    ...(context.refused === undefined ? {} : { refused: context.refused }),
  });
  emit(summary);
  return summary;
}

/** Takes out every host that the gate finds unfit, before anything was done to it. */
async function rejectUnfit(context: RunContext, gate: HealthCheck): Promise<void> {
  const findings = gate.judge(await answersOf(context, gate, { again: false }));
  for (const { host, subject, evidence, healthy, hint } of findings) {
    if (healthy || host === undefined) continue;
    const message = `${subject}: ${evidence}`;
    context.emit({ event: 'rejected', host, message, ...(hint === undefined ? {} : { hint }) });
    context.connections.exclude(host, { message, ...(hint === undefined ? {} : { hint }) });
    context.refuse(`${host} failed the preflight check: ${message}`);
  }
}

async function runPhases(context: RunContext): Promise<void> {
  const stopped = new Map<string, string>();
  for (const phase of context.plan.phases) {
    if (context.interrupted) return;
    const blockedBy = phase.needs.find((need) => stopped.has(need));
    const reason =
      blockedBy === undefined
        ? await runPhase(context, phase)
        : skipPhase(context, phase, `it needs ${blockedBy}: ${stopped.get(blockedBy) ?? ''}`);
    if (reason !== undefined) stopped.set(phase.name, reason);
  }
}

/** Returns why the phase stopped, or `undefined` when it came to its end. */
async function runPhase(context: RunContext, phase: PlannedPhase): Promise<string | undefined> {
  const started = Date.now();
  const { emit, connections } = context;
  const participants = hostsOfPhase(phase);
  const roundTripsBefore = new Map(
    participants.map((host) => [host.name, connections.roundTrips(host.name)]),
  );
  tellPhase(context, phase);
  for (const host of context.present(participants)) {
    context.observer(host.name).expect(probesOf(context, phase, host));
  }
  const changedBefore = context.totals.summary({ durationMs: 0, interrupted: false }).changed;
  const failedBefore = context.totals.summary({ durationMs: 0, interrupted: false }).failed;
  let stop: Extract<StepEnd, { end: 'stop' }> | undefined;
  for (const planned of phase.steps) {
    if (context.interrupted) break;
    if (stop) {
      skipStep(context, phase, planned, stop.reason);
      continue;
    }
    const end = await runStep(context, phase, planned);
    if (end.end === 'stop') stop = end;
  }
  const after = context.totals.summary({ durationMs: 0, interrupted: false });
  const outcome = context.interrupted
    ? 'interrupted'
    : stop
      ? stop.outcome
      : after.failed > failedBefore
        ? 'failed'
        : context.present(phase.hosts).length === 0
          ? 'skipped'
          : after.changed > changedBefore
            ? 'changed'
            : 'ok';
  emit({
    event: 'phase-finished',
    phase: phase.name,
    outcome,
    durationMs: Date.now() - started,
    roundTrips: Object.fromEntries(
      participants.map((host) => [
        host.name,
        connections.roundTrips(host.name) - (roundTripsBefore.get(host.name) ?? 0),
      ]),
    ),
  });
  return stop?.reason;
}

async function runStep(context: RunContext, phase: PlannedPhase, planned: PlannedStep): Promise<StepEnd> {
  const started = Date.now();
  const place = { phase, planned };
  const { step } = planned;
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
    ? runHostStep(context, place, step)
    : step.kind === 'cluster'
      ? runClusterStep(context, place, step)
      : runVerifyStep(context, place, step));
  context.emit({
    event: 'step-finished',
    phase: phase.name,
    step: planned.id,
    durationMs: Date.now() - started,
  });
  return end;
}

function skipStep(context: RunContext, phase: PlannedPhase, planned: PlannedStep, note: string): void {
  for (const host of planned.hosts) context.finish({ phase, planned }, host.name, 'skipped', 0, { note });
}

function skipPhase(context: RunContext, phase: PlannedPhase, reason: string): string {
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

/** Hosts that a step reads or changes, also those that `--limit` leaves out. */
function hostsOfStep(planned: PlannedStep): readonly Host[] {
  const { step } = planned;
  if (step.kind === 'cluster') return [...planned.hosts, ...step.operation.members];
  if (step.kind === 'verify') return [...planned.hosts, ...step.check.members];
  return [...planned.hosts, ...(step.untilHealthy?.members ?? [])];
}

function hostsOfPhase(phase: PlannedPhase): readonly Host[] {
  return unique(phase.steps.flatMap(hostsOfStep));
}

function hostsInvolved(plan: Plan): readonly Host[] {
  return unique([...plan.hosts, ...plan.phases.flatMap(hostsOfPhase)]);
}

function unique(hosts: readonly Host[]): readonly Host[] {
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

import type { Plan } from '../planner/plan.ts';
import type { HealthCheck } from '../playbook/operation.ts';
import type { Transport } from '../transport/session.ts';
import { announcing } from './announcing.ts';
import { applying } from './applying.ts';
import { answersOf, findingsOf, Respondents } from './answers.ts';
import { admit, type Admission, type Refused } from './admission.ts';
import { Connections } from './connections.ts';
import type { EventSink, RunEvent } from './events.ts';
import { hostsOfPhase, runPhase, skipPhase, unique } from './phase.ts';
import { PhaseRun } from './phase-run.ts';
import { PlanRun, type RunSettings } from './plan-run.ts';

export type RunSummary = Extract<RunEvent, { event: 'summary' }>;

export interface RunOptions extends RunSettings {
  readonly transport: Transport;
  readonly connectTimeoutMs: number;
  readonly acceptNew: boolean;
  /** What the user typed, for the journal. */
  readonly command: string;
  /** Who holds the lock while this runs, for the message of a second run. */
  readonly lockOwner: string;
  /** Asked of every host before anything is done: a host with an unhealthy finding is left unchanged. */
  readonly gate?: HealthCheck;
  /** Decides, once the hosts are locked (with `diff`: without locks), whether anything may be done at all. */
  readonly admission?: Admission | undefined;
  readonly emit: EventSink;
}

/**
 * Carries out a plan and returns its summary, which is also the last event. Errors of hosts are events, collected and
 * counted. Throws only on a defect of osha, after a summary that marks the run as interrupted.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunSummary> {
  const started = Date.now();
  const { emit, signal } = options;
  const connections = new Connections(options.transport, {
    timeoutMs: options.connectTimeoutMs,
    acceptNew: options.acceptNew,
    signal,
  });
  const involved = unique([
    ...plan.hosts,
    ...plan.phases.flatMap(hostsOfPhase),
    ...(options.admission?.required ?? []),
  ]);
  let refused: Refused | undefined;
  const run = new PlanRun({ plan, involved, settings: options, connections, emit });
  emit({
    event: 'run-started',
    command: options.command,
    inventory: plan.inventory.file,
    mode: options.mode,
    phases: plan.phases.map((phase) => phase.name),
    waves: plan.waves.map((wave) => wave.map((phase) => phase.name)),
    hosts: plan.hosts.map((host) => host.name),
  });
  let defect: { readonly error: unknown } | undefined;
  try {
    await connections.open(involved, options.forks, emit);
    if (options.gate) await rejectUnfit(run, options.gate);
    const locked = options.mode === 'diff' || (await takeLocks(run, options.lockOwner));
    if (locked && options.admission) refused = await admit(run, options.admission, involved);
    if (refused) run.refuse(refused.reason);
    if (locked && !refused) await runPhases(run);
  } catch (error) {
    // Whatever is in progress when the user stops the run ends with the reason of the signal.
    if (!signal.aborted) defect = { error };
  }
  countAbsent(run);
  await connections.close();
  const summary = run.totals.summary({
    durationMs: Date.now() - started,
    interrupted: signal.aborted || defect !== undefined,
    ...(run.refused === undefined ? {} : { refused: run.refused }),
    ...(refused?.hint === undefined || refused.reason !== run.refused ? {} : { hint: refused.hint }),
  });
  emit(summary);
  if (defect) throw defect.error;
  return summary;
}

/** Excludes every host that the gate finds unfit, or that gives it no answer. */
async function rejectUnfit(run: PlanRun, gate: HealthCheck): Promise<void> {
  const asked = run.present(gate.members);
  const answers = await answersOf(new Respondents(gate.members, run.connections, run.settings), gate, {
    again: false,
  });
  for (const { host, subject, evidence, healthy, hint } of findingsOf(gate, answers, asked)) {
    // A host that could not be connected to has been reported already.
    const unfit = healthy ? undefined : asked.find(({ name }) => name === host);
    if (!unfit) continue;
    const message = `${subject}: ${evidence}`;
    run.emit({ event: 'rejected', host: unfit.name, message, ...(hint === undefined ? {} : { hint }) });
    run.connections.to(unfit).exclude({ message, hint });
    run.refuse(`${unfit.name} failed the preflight check: ${message}`);
  }
}

/**
 * Takes the lock of every host that may be changed. A lock lasts as long as the host's session, so none is ever left behind.
 * Returns false, and records the refusal, when another run holds one.
 */
async function takeLocks(run: PlanRun, owner: string): Promise<boolean> {
  const held = await run.connections.lock(run.present(run.plan.hosts), owner);
  if (held.length === 0) return true;
  const holders = held.map(({ host, holder }) => `${host} is held by ${holder}`).join('; ');
  run.refuse(`another run holds the lock: ${holders}`);
  return false;
}

/** Runs the waves serially, and the phases of each wave in parallel. */
async function runPhases(run: PlanRun): Promise<void> {
  const writer = run.settings.mode === 'diff' ? announcing : applying;
  /** Why phases stopped, by name. */
  const stopped = new Map<string, string>();
  for (const wave of run.plan.waves) {
    if (run.isInterrupted) return;
    const phases = wave.map((phase, lane) => new PhaseRun(run, phase, lane));
    const ends = await Promise.allSettled(
      phases.map(async (phase) => {
        const blockedBy = phase.planned.needs.find((need) => stopped.has(need));
        return blockedBy === undefined
          ? runPhase(phase, writer)
          : skipPhase(phase, `it needs ${blockedBy}: ${stopped.get(blockedBy) ?? ''}`);
      }),
    );
    for (const phase of phases) phase.end();
    for (const [index, { name }] of wave.entries()) {
      const end = ends[index];
      if (end?.status === 'rejected') throw end.reason;
      if (end?.value !== undefined) stopped.set(name, end.value);
    }
  }
}

/** Counts the hosts that were lost at any time, and refuses a run that lost one to another run. */
function countAbsent(run: PlanRun): void {
  for (const host of run.plan.hosts) {
    const { connected, roundTrips } = run.connections.to(host);
    run.totals.roundTrips(host.name, roundTrips);
    if (connected.ok) continue;
    if (connected.absence === 'unreachable') run.totals.unreachable(host.name);
    if (connected.absence === 'locked') run.refuse(`${host.name}: ${connected.message}`);
  }
}

import type { Host } from '../inventory/types.ts';
import type { Plan } from '../planner/plan.ts';
import type { HealthCheck } from '../playbook/operation.ts';
import type { Transport } from '../transport/session.ts';
import { announcing } from './announcing.ts';
import { applying } from './applying.ts';
import { admit, type Admission, type Refused } from './admission.ts';
import { Connections } from './connections.ts';
import { RunContext } from './context.ts';
import type { EventSink, RunEvent } from './events.ts';
import { takeLocks } from './lock.ts';
import { hostsOfPhase, runPhase, skipPhase, unique } from './phase.ts';
import { Shared, type RunSettings } from './shared.ts';
import { answersOf, findingsOf } from './wait.ts';

export type RunSummary = Extract<RunEvent, { event: 'summary' }>;

export interface RunOptions extends RunSettings {
  readonly transport: Transport;
  readonly connectTimeoutMs: number;
  readonly acceptNew: boolean;
  /** What the user typed, for the journal. */
  readonly command: string;
  /** Who holds the lock while this runs: shown to whoever comes second. */
  readonly lockOwner: string;
  /** Asked of every host before anything is done: a host with an unhealthy finding is left as it is. */
  readonly gate?: HealthCheck;
  /** Asked once the hosts are locked, or with `diff` not to be: whether anything may be done at all. */
  readonly admission?: Admission | undefined;
  readonly emit: EventSink;
}

/**
 * Carries out a plan and returns its summary, which is also the last event. Errors of hosts are events, collected and
 * counted; this throws only on a defect, and then after a summary that says that the run did not come to its end.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunSummary> {
  const started = Date.now();
  const { emit, signal } = options;
  const connections = new Connections(options.transport, {
    timeoutMs: options.connectTimeoutMs,
    acceptNew: options.acceptNew,
    signal,
  });
  const involved = unique([...hostsInvolved(plan), ...(options.admission?.required ?? [])]);
  let refused: Refused | undefined;
  const shared = new Shared({ plan, involved, settings: options, connections, emit });
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
    const before = new RunContext(shared);
    if (options.gate) await rejectUnfit(before, options.gate);
    const locked = options.mode === 'diff' || (await takeLocks(before, options.lockOwner));
    if (locked && options.admission) refused = await admit(before, options.admission, involved);
    if (refused) before.refuse(refused.reason);
    before.end();
    if (locked && !refused) await runPhases(shared);
  } catch (error) {
    // What is in flight when the user stops the run ends with the reason of the signal.
    if (!signal.aborted) defect = { error };
  }
  noteAbsent(shared);
  await connections.close();
  const summary = shared.totals.summary({
    durationMs: Date.now() - started,
    interrupted: signal.aborted || defect !== undefined,
    ...(shared.refused === undefined ? {} : { refused: shared.refused }),
    ...(refused?.hint === undefined || refused.reason !== shared.refused ? {} : { hint: refused.hint }),
  });
  emit(summary);
  if (defect) throw defect.error;
  return summary;
}

/** Which hosts were not reached, at whatever time, and which another run has taken meanwhile. */
function noteAbsent(shared: Shared): void {
  const { connections, totals } = shared;
  for (const { name } of shared.plan.hosts) {
    totals.roundTrips(name, connections.roundTrips(name));
    const connected = connections.of(name);
    if (connected.ok) continue;
    if (connected.absence === 'unreachable') totals.unreachable(name);
    if (connected.absence === 'locked') shared.refused ??= `${name}: ${connected.message}`;
  }
}

/** Takes out every host that the gate finds unfit, or that gives it no answer, before anything was done to it. */
async function rejectUnfit(context: RunContext, gate: HealthCheck): Promise<void> {
  const asked = context.present(gate.members);
  const findings = findingsOf(gate, await answersOf(context, gate, { again: false }), asked);
  for (const { host, subject, evidence, healthy, hint } of findings) {
    // A host that could not be connected to has been reported, and takes no part anyway.
    if (healthy || host === undefined || !asked.some(({ name }) => name === host)) continue;
    const message = `${subject}: ${evidence}`;
    context.emit({ event: 'rejected', host, message, ...(hint === undefined ? {} : { hint }) });
    context.connections.exclude(host, { message, ...(hint === undefined ? {} : { hint }) });
    context.refuse(`${host} failed the preflight check: ${message}`);
  }
}

/** Wave after wave: the phases of one run side by side. */
async function runPhases(shared: Shared): Promise<void> {
  const writer = shared.settings.mode === 'diff' ? announcing : applying;
  const stopped = new Map<string, string>();
  for (const wave of shared.plan.waves) {
    if (shared.settings.signal.aborted) return;
    const contexts = wave.map((_, lane) => new RunContext(shared, lane));
    const ends = await Promise.allSettled(
      wave.map(async (phase, lane) => {
        const context = contexts[lane] ?? new RunContext(shared, lane);
        const blockedBy = phase.needs.find((need) => stopped.has(need));
        return blockedBy === undefined
          ? runPhase(context, writer, phase)
          : skipPhase(context, phase, `it needs ${blockedBy}: ${stopped.get(blockedBy) ?? ''}`);
      }),
    );
    for (const context of contexts) context.end();
    for (const [index, { name }] of wave.entries()) {
      const end = ends[index];
      if (end?.status === 'rejected') throw end.reason;
      if (end?.value !== undefined) stopped.set(name, end.value);
    }
  }
}

function hostsInvolved(plan: Plan): readonly Host[] {
  return unique([...plan.hosts, ...plan.phases.flatMap(hostsOfPhase)]);
}

import type { Answers, ClusterDecision, ClusterOperation, HostChange } from '../playbook/operation.ts';
import type { ClusterStep } from '../playbook/step.ts';
import { announce, applyChange } from './apply.ts';
import { done, type Place, type RunContext, type StepEnd } from './context.ts';
import { failed, stepFailed } from './failed.ts';
import { ChangeFailed, Refusal } from './failure.ts';
import { stopWithoutMembers } from './members.ts';
import { answersOf } from './wait.ts';

/**
 * Rounds of changes after which a cluster has to be converged: some decisions need a first round that only finds
 * something out, such as the position that a stopped database has recovered to.
 */
const MAX_ROUNDS = 6;

/** Brings a whole cluster to where an operation wants it, and proves it. */
export async function runClusterStep(context: RunContext, place: Place, step: ClusterStep): Promise<StepEnd> {
  const { operation } = step;
  const hosts = context.present(place.planned.hosts);
  const lacking = stopWithoutMembers(context, place, operation.members, {
    exceptUnreachable: operation.decidesWithoutUnreachable,
  });
  if (lacking) return lacking;
  for (const host of hosts) {
    context.emit({ event: 'host-started', phase: place.phase.name, step: place.planned.id, host: host.name });
  }
  return context.settings.mode === 'diff'
    ? diffCluster(context, place, operation)
    : convergeCluster(context, place, operation);
}

/** How far a cluster step came, host by host. */
interface Progress {
  readonly changed: Set<string>;
  readonly failures: Map<string, unknown>;
  /** The host that would be next and that `--limit` leaves out. */
  waitsFor?: string;
}

async function convergeCluster(
  context: RunContext,
  place: Place,
  operation: ClusterOperation,
): Promise<StepEnd> {
  const hosts = context.present(place.planned.hosts).map((host) => host.name);
  const started = Date.now();
  const progress: Progress = { changed: new Set(), failures: new Map() };
  let end: StepEnd;
  try {
    await decideUntilConverged(context, place, operation, progress);
    end = endOf(operation, progress);
  } catch (error) {
    end = stepFailed(context, place, error);
  }
  const outcome = progress.waitsFor === undefined ? 'skipped' : 'deferred';
  const note = end.end === 'stop' ? { note: end.reason } : {};
  for (const host of new Set([...hosts, ...progress.changed])) {
    const spent = Date.now() - started;
    if (progress.failures.has(host)) failed(context, place, host, progress.failures.get(host), spent);
    else if (progress.changed.has(host)) context.finish(place, host, 'changed', spent, note);
    else context.finish(place, host, end.end === 'stop' ? outcome : 'ok', spent, note);
  }
  return end;
}

/** How the step ends where its decision was carried out, as far as that went. */
function endOf(operation: ClusterOperation, progress: Progress): StepEnd {
  if (progress.failures.size > 0) {
    const names = [...progress.failures.keys()].join(', ');
    return { end: 'stop', outcome: 'failed', reason: `"${operation.title}" failed on ${names}` };
  }
  if (progress.waitsFor === undefined) return done;
  const reason = `it waits for ${progress.waitsFor}, which --limit leaves out`;
  return { end: 'stop', outcome: 'deferred', reason };
}

async function decideUntilConverged(
  context: RunContext,
  place: Place,
  operation: ClusterOperation,
  progress: Progress,
): Promise<void> {
  let before = '';
  for (let round = 1; ; round += 1) {
    const decision = decided(
      context,
      place,
      operation,
      await answersOf(context, operation, { again: round > 1 }),
    );
    tellEvidence(context, place, decision);
    if (decision.verdict === 'converged') return;
    if (decision.verdict === 'refuse') throw new Refusal(decision.reason, decision.hint);
    const now = inWords(decision.stages);
    if (now === before) {
      throw new ChangeFailed(`${operation.title}: not converged after apply; still pending: ${now}`, '');
    }
    if (round > MAX_ROUNDS) {
      throw new ChangeFailed(
        `${operation.title}: not converged after ${MAX_ROUNDS} rounds of changes; still pending: ${now}`,
        '',
      );
    }
    before = now;
    for (const stage of decision.stages) {
      // A stage builds on those before it, so nothing after one that cannot be run is run either.
      const outside = stage.find(({ host }) => !context.mayChange(host));
      if (outside) {
        progress.waitsFor = outside.host;
        return;
      }
      await runStage(context, place, stage, progress);
      if (progress.failures.size > 0) return;
    }
  }
}

/** What is to be done now: a decision that only takes things away is converged without `--prune`. */
function decided(
  context: RunContext,
  place: Place,
  operation: ClusterOperation,
  answers: Answers,
): ClusterDecision {
  const decision = operation.decide(answers);
  if (decision.verdict !== 'change') return decision;
  const stages = decision.stages
    .map((stage) => stage.filter(({ host, change }) => context.toMake(place, host, [change]).length > 0))
    .filter((stage) => stage.length > 0);
  return stages.length > 0 ? { ...decision, stages } : { verdict: 'converged' };
}

/** Runs the changes of one stage on their hosts at the same time; every host that fails is noted. */
async function runStage(
  context: RunContext,
  place: Place,
  stage: readonly HostChange[],
  progress: Progress,
): Promise<void> {
  const hosts = [...new Set(stage.map(({ host }) => host))];
  await Promise.all(
    hosts.map((host) =>
      context.shared.limit.run(host, async () => {
        progress.changed.add(host);
        try {
          for (const { change } of stage.filter((entry) => entry.host === host)) {
            await applyChange(context, place, host, change);
          }
        } catch (error) {
          progress.failures.set(host, error);
        }
      }),
    ),
  );
}

async function diffCluster(context: RunContext, place: Place, operation: ClusterOperation): Promise<StepEnd> {
  const hosts = context.present(place.planned.hosts);
  const pending = operation.members
    .map((member) => context.pending.reason(member.name, operation.probe(member)))
    .find((reason) => reason !== undefined);
  if (pending !== undefined) {
    for (const member of operation.members) context.pending.add(member.name, operation.probe(member).reads);
    for (const host of hosts) {
      context.finish(place, host.name, 'unknown', 0, { note: `known after ${pending} has changed` });
    }
    return done;
  }
  const started = Date.now();
  try {
    const decision = decided(
      context,
      place,
      operation,
      await answersOf(context, operation, { again: false }),
    );
    tellEvidence(context, place, decision);
    if (decision.verdict === 'refuse') throw new Refusal(decision.reason, decision.hint);
    const changing = new Set<string>();
    if (decision.verdict === 'change') {
      for (const { host, change } of decision.stages.flat()) {
        changing.add(host);
        announce(context, place, host, change);
      }
    }
    for (const host of hosts) {
      context.finish(place, host.name, changing.has(host.name) ? 'would-change' : 'ok', Date.now() - started);
    }
    return done;
  } catch (error) {
    const end = stepFailed(context, place, error);
    const note = end.end === 'stop' ? { note: end.reason } : {};
    for (const host of hosts) context.finish(place, host.name, 'skipped', Date.now() - started, note);
    return end;
  }
}

function inWords(stages: readonly (readonly HostChange[])[]): string {
  return stages
    .flat()
    .map(({ host, change }) => `${change.summary} on ${host}`)
    .join('; ');
}

function tellEvidence(context: RunContext, place: Place, decision: ClusterDecision): void {
  if (decision.verdict === 'converged') return;
  context.emit({
    event: 'evidence',
    phase: place.phase.name,
    step: place.planned.id,
    because: decision.verdict === 'refuse' ? decision.reason : decision.because,
    ...(decision.evidence ? { evidence: decision.evidence } : {}),
  });
}

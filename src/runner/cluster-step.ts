import type { ClusterDecision, ClusterOperation, HostChange, ResourceKey } from '../playbook/operation.ts';
import type { ClusterStep } from '../playbook/step.ts';
import { done, type Place, type RunContext, type StepEnd } from './context.ts';
import type { Outcome } from './events.ts';
import { failed, stepFailed } from './record-failure.ts';
import { ChangeFailed, Refusal } from './failure.ts';
import { stopWithoutMembers } from './members.ts';
import type { Decision, Writer } from './writer.ts';

/**
 * Rounds of changes after which a cluster has to be converged: some decisions need a first round that only finds
 * something out, such as the position that a stopped database has recovered to.
 */
const MAX_ROUNDS = 6;

/** Brings a whole cluster to where an operation wants it, and proves it. */
export async function runClusterStep(
  context: RunContext,
  writer: Writer,
  place: Place,
  step: ClusterStep,
): Promise<StepEnd> {
  const { operation } = step;
  const hosts = context.present(place.planned.hosts);
  const lacking = stopWithoutMembers(context, place, operation.members, {
    exceptUnreachable: operation.decidesWithoutUnreachable,
  });
  if (lacking) return lacking;
  for (const host of hosts) {
    context.emit({ event: 'host-started', phase: place.phase.name, step: place.planned.id, host: host.name });
  }
  const started = Date.now();
  const progress: Progress = { changed: new Set(), failures: new Map() };
  let end: StepEnd;
  try {
    await decideUntilConverged({ context, writer, place, operation, progress });
    end = endOf(operation, progress);
  } catch (error) {
    end = stepFailed(context, place, error);
  }
  const names = hosts.map((host) => host.name);
  for (const host of new Set([...names, ...progress.changed])) {
    const spent = Date.now() - started;
    const note = end.end === 'stop' ? { note: end.reason } : {};
    if (progress.failures.has(host)) failed(context, place, host, progress.failures.get(host), spent);
    else context.finish(place, host, outcomeOf(writer, host, progress, end), spent, note);
  }
  return end;
}

/** How far a cluster step came, host by host. */
interface Progress {
  readonly changed: Set<string>;
  readonly failures: Map<string, unknown>;
  /** The host that would be next and that `--limit` leaves out. */
  waitsFor?: string;
  /** What is decided is known once something else has changed. */
  isUnknown?: boolean;
}

interface ClusterRun {
  readonly context: RunContext;
  readonly writer: Writer;
  readonly place: Place;
  readonly operation: ClusterOperation;
  readonly progress: Progress;
}

function outcomeOf(writer: Writer, host: string, progress: Progress, end: StepEnd): Outcome {
  if (progress.changed.has(host)) return writer.changed;
  if (progress.waitsFor !== undefined) return 'deferred';
  if (end.end === 'stop') return 'skipped';
  return progress.isUnknown ? 'unknown' : 'ok';
}

/** How the step ends where its decision was carried out, as far as that went. */
function endOf(operation: ClusterOperation, progress: Progress): StepEnd {
  if (progress.failures.size > 0) {
    const names = [...progress.failures.keys()].join(', ');
    return { end: 'stop', outcome: 'failed', reason: `"${operation.title}" failed on ${names}` };
  }
  if (progress.waitsFor === undefined) return done;
  const reason = `waits for ${progress.waitsFor}, which --limit excludes`;
  return { end: 'stop', outcome: 'deferred', reason };
}

/** Decides and changes until the cluster is converged, in at most the rounds of the writer. */
async function decideUntilConverged(run: ClusterRun): Promise<void> {
  const { context, writer, place, operation, progress } = run;
  let before = '';
  for (let round = 1; ; round += 1) {
    const decision = toMake(run, await writer.decision(context, operation, round));
    if (decision.verdict === 'unknown') {
      mayFollow(run, decision.because);
      return;
    }
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
    await carryOut(run, decision.stages);
    if (progress.failures.size > 0 || progress.waitsFor !== undefined) return;
    if (writer.isFinal) {
      const [touched] = decision.stages.flat().flatMap(({ change }) => change.touches);
      if (decision.then !== undefined && touched) mayFollow(run, touched);
      return;
    }
  }
}

/** Tells on every host that more may be decided once `because` has changed. */
function mayFollow({ context, place, operation, progress }: ClusterRun, because: ResourceKey): void {
  const { title, members } = operation;
  progress.isUnknown = true;
  for (const member of members) context.pending.addPossible(member.name, operation.probe(member).reads);
  for (const { name } of context.present(place.planned.hosts)) {
    context.tellPossible(place, name, { operation: title, because, touches: [] });
  }
}

/** Carries out a decision, stage after stage. */
async function carryOut(run: ClusterRun, stages: readonly (readonly HostChange[])[]): Promise<void> {
  const { context, progress } = run;
  for (const stage of stages) {
    // A stage builds on those before it, so nothing after one that cannot be run is run either.
    const outside = stage.find(({ host }) => !context.mayChange(host));
    if (outside) {
      progress.waitsFor = outside.host;
      return;
    }
    await runStage(run, stage);
    if (progress.failures.size > 0) return;
  }
}

/** What is to be done now: a decision that only takes things away is converged without `--prune`. */
function toMake({ context, place }: ClusterRun, decision: Decision): Decision {
  if (decision.verdict !== 'change') return decision;
  const stages = decision.stages
    .map((stage) => stage.filter(({ host, change }) => context.toMake(place, host, [change]).length > 0))
    .filter((stage) => stage.length > 0);
  return stages.length > 0 ? { ...decision, stages } : { verdict: 'converged' };
}

/** Runs the changes of one stage on their hosts at the same time; every host that fails is noted. */
async function runStage(
  { context, writer, place, progress }: ClusterRun,
  stage: readonly HostChange[],
): Promise<void> {
  const hosts = [...new Set(stage.map(({ host }) => host))];
  await Promise.all(
    hosts.map((host) =>
      context.shared.limit.run(host, async () => {
        progress.changed.add(host);
        try {
          for (const { change } of stage.filter((entry) => entry.host === host)) {
            await writer.change(context, place, host, change);
          }
        } catch (error) {
          progress.failures.set(host, error);
        }
      }),
    ),
  );
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

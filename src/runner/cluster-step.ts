import type { ClusterDecision, ClusterOperation, HostChange, ResourceKey } from '../playbook/operation.ts';
import type { ClusterStep } from '../playbook/step.ts';
import type { Outcome } from './events.ts';
import { ChangeFailed, Refusal } from './failure.ts';
import { done, type StepEnd, type StepRun } from './step-run.ts';
import type { Decision, Writer } from './writer.ts';

/**
 * Rounds of changes after which a cluster has to be converged: some decisions need a first round that only finds
 * something out, such as the position that a stopped database has recovered to.
 */
const MAX_ROUNDS = 6;

/** Brings a whole cluster to the state that an operation wants, and proves it. */
export async function runClusterStep(run: StepRun, writer: Writer, step: ClusterStep): Promise<StepEnd> {
  const { operation } = step;
  const hosts = run.present();
  const lacking = run.stopWithoutMembers(operation.members, {
    exceptUnreachable: operation.decidesWithoutUnreachable,
  });
  if (lacking) return lacking;
  for (const host of hosts) run.started(host.name);
  const started = Date.now();
  const progress: Progress = { changed: new Set(), failures: new Map() };
  let end: StepEnd;
  try {
    await decideUntilConverged({ run, writer, operation, progress });
    end = endOf(operation, progress);
  } catch (error) {
    end = run.failAsWhole(error);
  }
  const names = hosts.map((host) => host.name);
  for (const host of new Set([...names, ...progress.changed])) {
    const spent = Date.now() - started;
    const note = end.end === 'stop' ? { note: end.reason } : {};
    if (progress.failures.has(host)) run.fail(host, progress.failures.get(host), spent);
    else run.finish(host, outcomeOf(writer, host, progress, end), spent, note);
  }
  return end;
}

/** How far a cluster step came, by host. */
interface Progress {
  readonly changed: Set<string>;
  readonly failures: Map<string, unknown>;
  /** The next host to change, where `--limit` leaves it out. */
  waitsFor?: string;
  /** The decision is unknown until something else has changed. */
  isUnknown?: boolean;
}

interface ClusterRun {
  readonly run: StepRun;
  readonly writer: Writer;
  readonly operation: ClusterOperation;
  readonly progress: Progress;
}

function outcomeOf(writer: Writer, host: string, progress: Progress, end: StepEnd): Outcome {
  if (progress.changed.has(host)) return writer.changed;
  if (progress.waitsFor !== undefined) return 'deferred';
  if (end.end === 'stop') return 'skipped';
  return progress.isUnknown ? 'unknown' : 'ok';
}

/** How the step ends after its decision was carried out, in whole or in part. */
function endOf(operation: ClusterOperation, progress: Progress): StepEnd {
  if (progress.failures.size > 0) {
    const names = [...progress.failures.keys()].join(', ');
    return { end: 'stop', outcome: 'failed', reason: `"${operation.title}" failed on ${names}` };
  }
  if (progress.waitsFor === undefined) return done;
  const reason = `waits for ${progress.waitsFor}, which --limit excludes`;
  return { end: 'stop', outcome: 'deferred', reason };
}

/** Decides and changes until the cluster is converged, in a bounded number of rounds. */
async function decideUntilConverged(all: ClusterRun): Promise<void> {
  const { run, writer, operation, progress } = all;
  let before = '';
  for (let round = 1; ; round += 1) {
    const decision = toMake(run, operation.title, await writer.decision(run, operation, round));
    if (decision.verdict === 'unknown') {
      emitPossible(all, decision.because);
      return;
    }
    emitEvidence(run, decision);
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
    await carryOut(all, decision.stages);
    if (progress.failures.size > 0 || progress.waitsFor !== undefined) return;
    if (writer.isFinal) {
      const [touched] = decision.stages.flat().flatMap(({ change }) => change.touches);
      if (decision.then !== undefined && touched) emitPossible(all, touched);
      return;
    }
  }
}

/** Announces for every host that a further decision may follow once `because` has changed. */
function emitPossible({ run, operation, progress }: ClusterRun, because: ResourceKey): void {
  const { title, members } = operation;
  progress.isUnknown = true;
  for (const member of members) {
    run.phaseRun.pending.addPossible(member.name, operation.probe(member).reads);
  }
  for (const { name } of run.present()) run.emitPossible(name, { operation: title, because, touches: [] });
}

/** Carries out the stages of a decision, serially. */
async function carryOut(all: ClusterRun, stages: readonly (readonly HostChange[])[]): Promise<void> {
  const { run, progress } = all;
  for (const stage of stages) {
    // A stage builds on those before it: the first one that cannot be carried out is the last one tried.
    const excluded = stage.find(({ host }) => !run.phaseRun.planRun.mayChange(host));
    if (excluded) {
      progress.waitsFor = excluded.host;
      return;
    }
    await carryOutStage(all, stage);
    if (progress.failures.size > 0) return;
  }
}

/** A decision without the removals that `--prune` does not cover: one that only removes things is then converged. */
function toMake(run: StepRun, operation: string, decision: Decision): Decision {
  if (decision.verdict !== 'change') return decision;
  const stages = decision.stages
    .map((stage) => stage.filter(({ host, change }) => run.toMake(host, operation, [change]).length > 0))
    .filter((stage) => stage.length > 0);
  return stages.length > 0 ? { ...decision, stages } : { verdict: 'converged' };
}

/** Makes the changes of one stage on its hosts in parallel, and records every host that fails. */
async function carryOutStage(
  { run, writer, progress }: ClusterRun,
  stage: readonly HostChange[],
): Promise<void> {
  const hosts = [...new Set(stage.map(({ host }) => host))];
  await Promise.all(
    hosts.map((host) =>
      run.phaseRun.planRun.limit.run(host, async () => {
        progress.changed.add(host);
        try {
          for (const { change } of stage.filter((entry) => entry.host === host)) {
            await writer.change(run, host, change);
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

function emitEvidence(run: StepRun, decision: ClusterDecision): void {
  if (decision.verdict === 'converged') return;
  run.emit({
    event: 'evidence',
    ...run.place,
    because: decision.verdict === 'refuse' ? decision.reason : decision.because,
    ...(decision.evidence ? { evidence: decision.evidence } : {}),
  });
}

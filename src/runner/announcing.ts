import { ProbeError, type Answer, type ClusterOperation, type ResourceKey } from '../playbook/operation.ts';
import { answersOf } from './answers.ts';
import type { PhaseRun } from './phase-run.ts';
import type { StepRun } from './step-run.ts';
import { foreseeHealth } from './verification.ts';
import type { Decision, Work, WorkEnd, Writer } from './writer.ts';

/** Announces what applying would do: every decision is made on what the changes before it will leave. */
export const announcing: Writer = {
  changed: 'would-change',
  isFinal: true,
  operation: announceOperation,
  decision: ({ phaseRun }, operation) => foreseeDecision(phaseRun, operation),
  change: (run, host, change) => {
    run.phaseRun.pending.add(host, change.touches, change.effects);
    run.emitChange(host, change, { applied: false });
    return Promise.resolve();
  },
  verification: foreseeHealth,
};

/**
 * Where this host's answer is not known yet but another host's is, that one is taken: the accounts of a broker that is
 * about to start here are known on its other members.
 */
async function announceOperation(run: StepRun, { host, operation, elsewhere }: Work): Promise<WorkEnd> {
  let because: ResourceKey | undefined;
  for (const asked of [{ host, operation }, ...elsewhere]) {
    const foreseen = await foresee(run.phaseRun, asked);
    if ('because' in foreseen) {
      because ??= foreseen.because;
      continue;
    }
    const changes = run.toMake(host.name, operation.title, asked.operation.decide(foreseen.observed));
    for (const change of changes) await announcing.change(run, host.name, change);
    return changes.length > 0 ? 'would-change' : 'ok';
  }
  if (because === undefined) return 'ok';
  run.emitPossible(host.name, { operation: operation.title, because, touches: operation.probe.reads });
  return 'unknown';
}

type Foreseen = { readonly observed: unknown } | { readonly because: ResourceKey };

/** What a host will answer once the pending changes are made, or which of them makes that unknown. */
async function foresee(
  phaseRun: PhaseRun,
  { host, operation: { probe } }: Pick<Work, 'host' | 'operation'>,
): Promise<Foreseen> {
  const pending = phaseRun.pending.of(host.name, probe);
  if (!pending) return { observed: await phaseRun.observer(host.name).observe(probe) };
  const { because, reads } = pending;
  if (!reads || !probe.foresee) return { because };
  try {
    const observed = probe.foresee(await phaseRun.observer(host.name).observe(probe), reads);
    return observed === undefined ? { because } : { observed };
  } catch (error) {
    // The host may lack exactly what is pending to answer the probe.
    if (error instanceof ProbeError) return { because };
    throw error;
  }
}

async function foreseeDecision(phaseRun: PhaseRun, operation: ClusterOperation): Promise<Decision> {
  const answers = await answersOf(phaseRun, operation, { again: false });
  const foreseen = new Map<string, Answer>();
  let because: ResourceKey | undefined;
  for (const member of operation.members) {
    const { name } = member;
    const answer = answers.get(name);
    if (!answer) continue;
    const probe = operation.probe(member);
    const pending = phaseRun.pending.of(name, probe);
    if (!pending || phaseRun.whyGone(name) !== undefined) {
      foreseen.set(name, answer);
      continue;
    }
    const observed =
      answer.reachable && pending.reads ? probe.foresee?.(answer.observed, pending.reads) : undefined;
    if (observed !== undefined) foreseen.set(name, { reachable: true, observed });
    else if (operation.oneSpeaksForAll) {
      foreseen.set(name, { reachable: false, reason: `not known before ${pending.because} has changed` });
      because = pending.because;
    } else return { verdict: 'unknown', because: pending.because };
  }
  const isSilent = [...foreseen.values()].every(({ reachable }) => !reachable);
  return because !== undefined && isSilent ? { verdict: 'unknown', because } : operation.decide(foreseen);
}

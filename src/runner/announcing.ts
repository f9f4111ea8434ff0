import { ProbeError, type Answer, type ClusterOperation, type ResourceKey } from '../playbook/operation.ts';
import type { Place, RunContext } from './context.ts';
import { answersOf, foreseeHealth } from './wait.ts';
import type { Decision, Work, WorkEnd, Writer } from './writer.ts';

/** Announces what applying would do: every decision is made on what the changes before it will leave behind. */
export const announcing: Writer = {
  changed: 'would-change',
  isFinal: true,
  operation: announceOperation,
  decision: decisionOf,
  change: (context, place, host, change) => {
    context.pending.add(host, change.touches, change.effects);
    context.tellChange(place, host, change, { applied: false });
    return Promise.resolve();
  },
  verification: foreseeHealth,
};

/**
 * Where another host can say what this one cannot, its answer is taken: a user of a broker that is about to start here
 * is known on the other members already.
 */
async function announceOperation(
  context: RunContext,
  place: Place,
  { host, operation, elsewhere }: Work,
): Promise<WorkEnd> {
  let because: ResourceKey | undefined;
  for (const asked of [{ host, operation }, ...elsewhere]) {
    const foreseen = await foreseenBy(context, asked);
    if ('because' in foreseen) {
      because ??= foreseen.because;
      continue;
    }
    const changes = context.toMake(place, host.name, asked.operation.decide(foreseen.observed));
    for (const change of changes) await announcing.change(context, place, host.name, change);
    return changes.length > 0 ? 'would-change' : 'ok';
  }
  if (because === undefined) return 'ok';
  context.tellPossible(place, host.name, {
    operation: operation.title,
    because,
    touches: operation.probe.reads,
  });
  return 'unknown';
}

type Foreseen = { readonly observed: unknown } | { readonly because: ResourceKey };

/** What a host will answer by then, or what keeps it from being known. */
async function foreseenBy(
  context: RunContext,
  { host, operation: { probe } }: Pick<Work, 'host' | 'operation'>,
): Promise<Foreseen> {
  const pending = context.pending.of(host.name, probe);
  if (!pending) return { observed: await context.observer(host.name).observe(probe) };
  const { because, reads } = pending;
  if (!reads || !probe.foresee) return { because };
  try {
    const observed = probe.foresee(await context.observer(host.name).observe(probe), reads);
    return observed === undefined ? { because } : { observed };
  } catch (error) {
    // What is pending may be just what the host lacks for an answer.
    if (error instanceof ProbeError) return { because };
    throw error;
  }
}

async function decisionOf(context: RunContext, operation: ClusterOperation): Promise<Decision> {
  const answers = await answersOf(context, operation, { again: false });
  const foreseen = new Map<string, Answer>();
  let because: ResourceKey | undefined;
  for (const member of operation.members) {
    const { name } = member;
    const answer = answers.get(name);
    if (!answer) continue;
    const probe = operation.probe(member);
    const pending = context.pending.of(name, probe);
    if (!pending || context.whyGone(name) !== undefined) {
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

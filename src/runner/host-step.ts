import type { Host } from '../inventory/types.ts';
import { ProbeError, type Change, type Operation } from '../playbook/operation.ts';
import type { HostStep } from '../playbook/step.ts';
import { announce, announcePossible, applyOperation } from './apply.ts';
import { done, type Place, type RunContext, type StepEnd } from './context.ts';
import { failed } from './failed.ts';
import type { PendingReads } from './pending.ts';
import { HeldBack, Turns } from './turns.ts';
import { waitUntilHealthy } from './wait.ts';

/** How a host came out of a step: `held-back` where another one failed first. */
type HostEnd = 'done' | 'failed' | 'held-back';

/** Runs a step on its hosts, in the way that its strategy says. */
export async function runHostStep(context: RunContext, place: Place, step: HostStep): Promise<StepEnd> {
  const hosts = context.present(place.planned.hosts);
  switch (step.strategy.kind) {
    case 'once':
      return runInTurn(context, place, step, hosts.slice(0, 1));
    case 'oneAtATime':
      return runInTurn(context, place, step, hosts);
    case 'all':
      return runTogether(context, place, step, hosts);
  }
}

/** In parallel, except for what clients notice: that is done on one host at a time, and ends with the first that fails. */
async function runTogether(
  context: RunContext,
  place: Place,
  step: HostStep,
  hosts: readonly Host[],
): Promise<StepEnd> {
  const turns = new Turns(hosts.map(({ name }) => name));
  const ends = await Promise.all(hosts.map((host) => runOnHost(context, place, step, host, turns)));
  if (!ends.includes('held-back')) return done;
  return {
    end: 'stop',
    outcome: 'failed',
    reason: heldBack(step, hosts[ends.indexOf('failed')]?.name ?? ''),
  };
}

function heldBack(step: HostStep, failedHost: string): string {
  return `${failedHost} failed in "${step.title}", so what runs on the other hosts was left unchanged`;
}

/** One after another; the first that fails stops the rest, which stay as they are. */
async function runInTurn(
  context: RunContext,
  place: Place,
  step: HostStep,
  hosts: readonly Host[],
): Promise<StepEnd> {
  for (const [index, host] of hosts.entries()) {
    const end = await runOnHost(context, place, step, host);
    if (end === 'done') continue;
    const reason = `${host.name} failed in "${step.title}", so the other hosts were skipped`;
    for (const other of hosts.slice(index + 1)) {
      context.finish(place, other.name, 'skipped', 0, { note: reason });
    }
    return { end: 'stop', outcome: 'failed', reason };
  }
  return done;
}

/** A host that failed leaves the run. */
function runOnHost(
  context: RunContext,
  place: Place,
  step: HostStep,
  host: Host,
  turns?: Turns,
): Promise<HostEnd> {
  const turn = async (): Promise<boolean> => {
    if (!turns || turns.isOf(host.name)) return false;
    // A host that waits takes no place of those that are worked on, or those it waits for might never get one.
    const before = await context.shared.limit.pause(host.name, () => turns.wait(host.name));
    if (context.interrupted) throw context.settings.signal.reason;
    if (before !== undefined) throw new HeldBack(heldBack(step, before));
    return true;
  };
  return context.shared.limit.run(host.name, async () => {
    let end: HostEnd = 'failed';
    try {
      end = await runNow(context, place, step, host, turn);
    } finally {
      turns?.end(host.name, end === 'failed' ? 'failed' : 'done');
    }
    return end;
  });
}

async function runNow(
  context: RunContext,
  place: Place,
  step: HostStep,
  host: Host,
  turn: () => Promise<boolean>,
): Promise<HostEnd> {
  const started = Date.now();
  const spent = (): number => Date.now() - started;
  if (context.interrupted) return 'failed';
  context.emit({ event: 'host-started', phase: place.phase.name, step: place.planned.id, host: host.name });
  let changed = false;
  try {
    if (context.settings.mode === 'diff') {
      await diffHost(context, place, step, host, spent);
      return 'done';
    }
    for (const operation of step.operations(host)) {
      if (await applyOperation(context, place, host, operation, turn)) changed = true;
    }
    if (changed && step.untilHealthy) {
      await waitUntilHealthy(context, place, step.untilHealthy(host), step.withinMs);
    }
    context.finish(place, host.name, changed ? 'changed' : 'ok', spent());
    return 'done';
  } catch (error) {
    if (error instanceof HeldBack) {
      context.finish(place, host.name, changed ? 'changed' : 'skipped', spent(), { note: error.message });
      return 'held-back';
    }
    failed(context, place, host.name, error, spent());
    return 'failed';
  }
}

async function diffHost(
  context: RunContext,
  place: Place,
  step: HostStep,
  host: Host,
  spent: () => number,
): Promise<void> {
  let outcome: 'ok' | 'unknown' | 'would-change' = 'ok';
  for (const operation of step.operations(host)) {
    const pending = context.pending.of(host.name, operation.probe);
    const decided = await foreseen(context, host, operation, pending);
    if (decided === undefined && pending) {
      const { title, probe } = operation;
      const { because } = pending;
      announcePossible(context, place, host.name, { operation: title, because, reads: probe.reads });
      if (outcome === 'ok') outcome = 'unknown';
    }
    const changes = context.toMake(place, host.name, decided ?? []);
    for (const change of changes) announce(context, place, host.name, change);
    if (changes.length > 0) outcome = 'would-change';
  }
  context.finish(place, host.name, outcome, spent());
}

/** What an operation will have to do once `pending` has changed, or `undefined` where that cannot be known before. */
async function foreseen(
  context: RunContext,
  host: Host,
  operation: Operation,
  pending: PendingReads | undefined,
): Promise<readonly Change[] | undefined> {
  const observe = (): Promise<unknown> => context.observer(host.name).observe(operation.probe);
  if (!pending) return operation.decide(await observe());
  if (!pending.certain || !operation.foretell) return undefined;
  try {
    return operation.foretell(await observe(), pending.reads);
  } catch (error) {
    // What is pending may be just what the host lacks for an answer.
    if (error instanceof ProbeError) return undefined;
    throw error;
  }
}

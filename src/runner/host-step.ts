import type { Host } from '../inventory/types.ts';
import type { HostStep } from '../playbook/step.ts';
import { announce, applyOperation } from './apply.ts';
import { done, type Place, type RunContext, type StepEnd } from './context.ts';
import { failed } from './failed.ts';
import { waitUntilHealthy } from './wait.ts';

/** Runs a step on its hosts, in the way that its strategy says. */
export async function runHostStep(context: RunContext, place: Place, step: HostStep): Promise<StepEnd> {
  const hosts = context.present(place.planned.hosts);
  switch (step.strategy.kind) {
    case 'once':
      return runInTurn(context, place, step, hosts.slice(0, 1));
    case 'oneAtATime':
      return runInTurn(context, place, step, hosts);
    case 'batches': {
      const size = step.strategy.size;
      for (let at = 0; at < hosts.length; at += size) {
        await runTogether(context, place, step, hosts.slice(at, at + size));
        if (context.interrupted) break;
      }
      return done;
    }
    case 'all':
      await runTogether(context, place, step, hosts);
      return done;
  }
}

async function runTogether(
  context: RunContext,
  place: Place,
  step: HostStep,
  hosts: readonly Host[],
): Promise<void> {
  await Promise.all(hosts.map((host) => runOnHost(context, place, step, host)));
}

/** One after another; the first that fails stops the rest, which stay as they are. */
async function runInTurn(
  context: RunContext,
  place: Place,
  step: HostStep,
  hosts: readonly Host[],
): Promise<StepEnd> {
  for (const [index, host] of hosts.entries()) {
    const wentWell = await runOnHost(context, place, step, host);
    if (wentWell) continue;
    const reason = `${host.name} failed in "${step.title}", so it was not tried on the others`;
    for (const other of hosts.slice(index + 1)) {
      context.finish(place, other.name, 'skipped', 0, { note: reason });
    }
    return { end: 'stop', outcome: 'failed', reason };
  }
  return done;
}

/** Returns false when the host failed, which then leaves the run. */
function runOnHost(context: RunContext, place: Place, step: HostStep, host: Host): Promise<boolean> {
  return context.shared.limit.run(host.name, () => runNow(context, place, step, host));
}

async function runNow(context: RunContext, place: Place, step: HostStep, host: Host): Promise<boolean> {
  const started = Date.now();
  const spent = (): number => Date.now() - started;
  if (context.interrupted) return false;
  context.emit({ event: 'host-started', phase: place.phase.name, step: place.planned.id, host: host.name });
  try {
    if (context.settings.mode === 'diff') {
      await diffHost(context, place, step, host, spent);
      return true;
    }
    let changed = false;
    for (const operation of step.operations(host)) {
      if (await applyOperation(context, place, host, operation)) changed = true;
    }
    if (changed && step.untilHealthy) {
      await waitUntilHealthy(context, place, step.untilHealthy(host), step.withinMs);
    }
    context.finish(place, host.name, changed ? 'changed' : 'ok', spent());
    return true;
  } catch (error) {
    failed(context, place, host.name, error, spent());
    return false;
  }
}

async function diffHost(
  context: RunContext,
  place: Place,
  step: HostStep,
  host: Host,
  spent: () => number,
): Promise<void> {
  let changed = false;
  let unknown: string | undefined;
  for (const operation of step.operations(host)) {
    const reason = context.pending.reason(host.name, operation.probe);
    if (reason !== undefined) {
      unknown ??= reason;
      context.pending.add(host.name, operation.probe.reads);
      continue;
    }
    const observed = await context.observer(host.name).observe(operation.probe);
    const changes = context.toMake(place, host.name, operation.decide(observed));
    for (const change of changes) announce(context, place, host.name, change);
    if (changes.length > 0) changed = true;
  }
  const note = unknown === undefined ? {} : { note: `known after ${unknown} has changed` };
  const outcome = changed ? 'would-change' : unknown === undefined ? 'ok' : 'unknown';
  context.finish(place, host.name, outcome, spent(), note);
}

import type { Host } from '../inventory/types.ts';
import type { HostStep } from '../playbook/step.ts';
import { done, type Place, type RunContext, type StepEnd } from './context.ts';
import { failed } from './record-failure.ts';
import { HeldBack, Turns } from './turns.ts';
import { waitUntilHealthy } from './wait.ts';
import type { WorkEnd, Writer } from './writer.ts';

/** How a host came out of a step: `held-back` where another one failed first. */
type HostEnd = 'done' | 'failed' | 'held-back';

/** Runs a step on its hosts, in the way that its strategy says. */
export async function runHostStep(
  context: RunContext,
  writer: Writer,
  place: Place,
  step: HostStep,
): Promise<StepEnd> {
  const hosts = context.present(place.planned.hosts);
  const run: StepRun = { context, writer, place, step, elsewhere: [] };
  switch (step.strategy.kind) {
    case 'once':
      return runInTurn({ ...run, elsewhere: hosts.slice(1) }, hosts.slice(0, 1));
    case 'oneAtATime':
      return runInTurn(run, hosts);
    case 'all':
      return runTogether(run, hosts);
  }
}

interface StepRun {
  readonly context: RunContext;
  readonly writer: Writer;
  readonly place: Place;
  readonly step: HostStep;
  /** Hosts that the step could have run on as well. */
  readonly elsewhere: readonly Host[];
}

/** In parallel, except for what clients notice: that is done on one host at a time, and ends with the first that fails. */
async function runTogether(run: StepRun, hosts: readonly Host[]): Promise<StepEnd> {
  const { step } = run;
  const turns = new Turns(hosts.map(({ name }) => name));
  const ends = await Promise.all(hosts.map((host) => runOnHost(run, host, turns)));
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
async function runInTurn(run: StepRun, hosts: readonly Host[]): Promise<StepEnd> {
  const { context, place, step } = run;
  for (const [index, host] of hosts.entries()) {
    const end = await runOnHost(run, host);
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
function runOnHost(run: StepRun, host: Host, turns?: Turns): Promise<HostEnd> {
  const { context, step } = run;
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
      end = await runNow(run, host, turn);
    } finally {
      turns?.end(host.name, end === 'failed' ? 'failed' : 'done');
    }
    return end;
  });
}

/** The worst first. */
const BY_WEIGHT: readonly WorkEnd[] = ['changed', 'would-change', 'unknown'];

async function runNow(
  { context, writer, place, step, elsewhere }: StepRun,
  host: Host,
  turn: () => Promise<boolean>,
): Promise<HostEnd> {
  const started = Date.now();
  const spent = (): number => Date.now() - started;
  if (context.interrupted) return 'failed';
  context.emit({ event: 'host-started', phase: place.phase.name, step: place.planned.id, host: host.name });
  const others = elsewhere.map((other) => ({ host: other, operations: step.operations(other) }));
  const ends = new Set<WorkEnd>();
  try {
    for (const [index, operation] of step.operations(host).entries()) {
      const same = others.flatMap(({ host: other, operations }) => {
        const counterpart = operations[index];
        return counterpart ? [{ host: other, operation: counterpart }] : [];
      });
      ends.add(await writer.operation(context, place, { host, operation, turn, elsewhere: same }));
    }
    if (ends.has('changed') && step.untilHealthy) {
      await waitUntilHealthy(context, place, step.untilHealthy(host), step.withinMs);
    }
    context.finish(place, host.name, BY_WEIGHT.find((end) => ends.has(end)) ?? 'ok', spent());
    return 'done';
  } catch (error) {
    if (error instanceof HeldBack) {
      context.finish(place, host.name, ends.has('changed') ? 'changed' : 'skipped', spent(), {
        note: error.message,
      });
      return 'held-back';
    }
    failed(context, place, host.name, error, spent());
    return 'failed';
  }
}

import type { Host } from '../inventory/types.ts';
import type { HostStep } from '../playbook/step.ts';
import { OshaError } from '../text/error.ts';
import { done, type StepEnd, type StepRun } from './step-run.ts';
import { waitUntilHealthy } from './verification.ts';
import type { WorkEnd, Writer } from './writer.ts';

/** How a host came out of a step: `held-back` where another one failed first. */
type HostEnd = 'done' | 'failed' | 'held-back';

interface HostStepRun {
  readonly run: StepRun;
  readonly writer: Writer;
  readonly step: HostStep;
  /** Hosts that the step could have run on as well. */
  readonly elsewhere: readonly Host[];
}

/** Runs a step on its hosts, by its strategy. */
export async function runHostStep(run: StepRun, writer: Writer, step: HostStep): Promise<StepEnd> {
  const hosts = run.present();
  const all: HostStepRun = { run, writer, step, elsewhere: [] };
  switch (step.strategy.kind) {
    case 'once':
      return runSerially({ ...all, elsewhere: hosts.slice(1) }, hosts.slice(0, 1));
    case 'oneAtATime':
      return runSerially(all, hosts);
    case 'all':
      return runInParallel(all, hosts);
  }
}

/** Disruptive changes are still made on one host at a time, and end with the first host that fails. */
async function runInParallel(all: HostStepRun, hosts: readonly Host[]): Promise<StepEnd> {
  const turns = new Turns(hosts.map(({ name }) => name));
  const ends = await Promise.all(hosts.map((host) => runOnHost(all, host, turns)));
  if (!ends.includes('held-back')) return done;
  const reason = whyHeldBack(all.step, hosts[ends.indexOf('failed')]?.name ?? '');
  return { end: 'stop', outcome: 'failed', reason };
}

function whyHeldBack(step: HostStep, failedHost: string): string {
  return `${failedHost} failed in "${step.title}", so what runs on the other hosts was left unchanged`;
}

/** After the first host that fails, the rest are skipped. */
async function runSerially(all: HostStepRun, hosts: readonly Host[]): Promise<StepEnd> {
  const { run, step } = all;
  for (const [index, host] of hosts.entries()) {
    const end = await runOnHost(all, host);
    if (end === 'done') continue;
    const reason = `${host.name} failed in "${step.title}", so the other hosts were skipped`;
    run.skip(hosts.slice(index + 1), reason);
    return { end: 'stop', outcome: 'failed', reason };
  }
  return done;
}

function runOnHost(all: HostStepRun, host: Host, turns?: Turns): Promise<HostEnd> {
  const { run, step } = all;
  const { limit, settings } = run.phaseRun.planRun;
  const turn = async (): Promise<boolean> => {
    if (!turns || turns.isOf(host.name)) return false;
    // A waiting host does not count against --forks, or the hosts it waits for might never run.
    const failedFirst = await limit.pause(host.name, () => turns.wait(host.name));
    if (run.isInterrupted) throw settings.signal.reason;
    if (failedFirst !== undefined) throw new HeldBack(whyHeldBack(step, failedFirst));
    return true;
  };
  return limit.run(host.name, async () => {
    let end: HostEnd = 'failed';
    try {
      end = await runOperations(all, host, turn);
    } finally {
      turns?.end(host.name, end === 'failed' ? 'failed' : 'done');
    }
    return end;
  });
}

/** The worst first. */
const BY_WEIGHT: readonly WorkEnd[] = ['changed', 'would-change', 'unknown'];

/** A host that fails leaves the run. */
async function runOperations(
  { run, writer, step, elsewhere }: HostStepRun,
  host: Host,
  turn: () => Promise<boolean>,
): Promise<HostEnd> {
  const started = Date.now();
  const spent = (): number => Date.now() - started;
  if (run.isInterrupted) return 'failed';
  run.started(host.name);
  const others = elsewhere.map((other) => ({ host: other, operations: step.operations(other) }));
  const ends = new Set<WorkEnd>();
  try {
    for (const [index, operation] of step.operations(host).entries()) {
      const same = others.flatMap(({ host: other, operations }) => {
        const counterpart = operations[index];
        return counterpart ? [{ host: other, operation: counterpart }] : [];
      });
      ends.add(await writer.operation(run, { host, operation, turn, elsewhere: same }));
    }
    if (ends.has('changed') && step.untilHealthy) {
      await waitUntilHealthy(run, step.untilHealthy(host), step.withinMs);
    }
    run.finish(host.name, BY_WEIGHT.find((end) => ends.has(end)) ?? 'ok', spent());
    return 'done';
  } catch (error) {
    if (error instanceof HeldBack) {
      run.finish(host.name, ends.has('changed') ? 'changed' : 'skipped', spent(), { note: error.message });
      return 'held-back';
    }
    run.fail(host.name, error, spent());
    return 'failed';
  }
}

/** A host's disruptive change was not made, because another host of the step failed. */
class HeldBack extends OshaError {
  override name = 'HeldBack';
}

/**
 * Lets the hosts of one step make disruptive changes one host at a time, in the order of the step. The first turn comes
 * once all other hosts have ended or wait for theirs: what is stopped is started before anything that runs is restarted.
 * After a failure no host gets a turn.
 */
class Turns {
  readonly #order: readonly string[];
  readonly #busy: Set<string>;
  readonly #waiting = new Map<string, (failed: string | undefined) => void>();
  #holder: string | undefined;
  #failed: string | undefined;

  /** `end` has to be called for every one of `hosts`. */
  constructor(hosts: readonly string[]) {
    this.#order = hosts;
    this.#busy = new Set(hosts);
  }

  /** True from the beginning of the host's turn to its end. */
  isOf(host: string): boolean {
    return this.#holder === host;
  }

  /** Waits for the host's turn. Returns the host that failed first, where there is none. */
  wait(host: string): Promise<string | undefined> {
    const turn = new Promise<string | undefined>((come) => this.#waiting.set(host, come));
    this.#busy.delete(host);
    this.#next();
    return turn;
  }

  /** The host is done with the step, whether it had a turn or not. */
  end(host: string, outcome: 'done' | 'failed'): void {
    if (outcome === 'failed') this.#failed ??= host;
    this.#busy.delete(host);
    if (this.#holder === host) this.#holder = undefined;
    this.#next();
  }

  #next(): void {
    if (this.#busy.size > 0 || this.#holder !== undefined) return;
    for (const host of this.#order) {
      const come = this.#waiting.get(host);
      if (!come) continue;
      this.#waiting.delete(host);
      if (this.#failed === undefined) this.#holder = host;
      come(this.#failed);
      if (this.#holder !== undefined) return;
    }
  }
}

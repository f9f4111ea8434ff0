import { randomBytes } from 'node:crypto';
import type { Host } from '../inventory/types.ts';
import { quote } from '../operations/shell.ts';
import type { DrillScript, DrillService, DrillWrites } from '../playbook/drill.ts';
import type { EventSink } from '../runner/events.ts';
import { Refusal } from '../runner/failure.ts';
import type { HealthReport } from '../runner/health.ts';
import { LocalPhase, type Reports } from '../runner/local-phase.ts';
import { localRun, type RunSummary } from '../runner/local-run.ts';
import { Secret } from '../secrets/secret.ts';
import { OshaError } from '../text/error.ts';
import { pause as realPause, type Pause } from '../transport/timers.ts';
import { DrillError } from './errors.ts';
import { runLocally } from './local-command.ts';
import { Observation } from './observation.ts';
import { runOn, type Connect } from './on-host.ts';
import {
  acknowledgedTable,
  availability,
  blindSpots,
  faults,
  lostBy,
  measured,
  worst,
  type Count,
} from './report.ts';
import { inWords, START_OF_HOST, takeAway, type TakeAway } from './take-away.ts';

/** The steps of a drill, in order. */
export const STEPS = {
  prepare: 'Prepare the test data',
  before: 'Measure with all hosts up',
  stop: 'Take the host away',
  start: 'Start the host',
  back: 'Wait for the host',
  healthy: 'Wait until every system is healthy',
  count: 'Count what was acknowledged',
  report: 'Report what clients noticed',
  cleanup: 'Remove what was written',
} as const;

export type DrillStep = keyof typeof STEPS;

/** Milliseconds to measure before anything happens, and after everything is healthy. */
const BEFORE_MS = 5_000;
const AFTER_MS = 3_000;
/** Milliseconds between two attempts to log in, and between two looks at the health: that costs the hosts more. */
const KNOCK_EVERY_MS = 2_000;
/** Milliseconds for one attempt: a login on a busy host takes ten seconds. */
const KNOCK_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 5_000;
/** Hosts that write, of those that can. */
const MOST_WRITERS = 2;

export interface DrillOptions {
  /** The host to take away. */
  readonly victim: Host;
  readonly way: TakeAway;
  /** The hosts that measure. */
  readonly observers: readonly Host[];
  readonly services: readonly DrillService[];
  readonly writes: readonly DrillWrites[];
  /** The password of the account that writes. */
  readonly password: Secret;
  /** Milliseconds between two samples. */
  readonly everyMs: number;
  /** Milliseconds for which the host stays away, where a command starts it. */
  readonly awayMs: number;
  /** Milliseconds for the host to be back, and again for everything to be healthy. */
  readonly withinMs: number;
  readonly maxDowntimeMs?: number | undefined;
  /** Milliseconds for one command. */
  readonly timeoutMs: number;
  readonly connect: Connect;
  /** Asks every system for its health. */
  readonly health: (signal: AbortSignal) => Promise<HealthReport>;
  /** Why a system cannot spare the host now; `undefined` if all can. */
  readonly whyNeeded: (signal: AbortSignal) => Promise<string | undefined>;
  /** The environment of the operator's commands. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What has to be put right if the process is killed, kept up to date. */
  readonly begun: Set<string>;
  readonly command: string;
  /** The inventory's file. */
  readonly inventory: string;
  readonly signal: AbortSignal;
  readonly emit: EventSink;
  /** How it runs the operator's commands; default on this machine. */
  readonly runLocally?: typeof runLocally | undefined;
  /** How it waits; default in real time. */
  readonly pause?: Pause | undefined;
}

export type DrillSummary = RunSummary;

/** A password for the account that writes. */
export function newPassword(): Secret {
  return new Secret('drill', randomBytes(18).toString('hex'));
}

/**
 * Takes a host away, measures what clients notice, and waits until everything is healthy again. Also after a failure and when
 * `signal` is aborted it starts a host that it stopped, and removes what it wrote. Returns the summary, which is also the last
 * event.
 */
export async function drill(options: DrillOptions): Promise<DrillSummary> {
  const { victim, signal, emit } = options;
  const name = 'drill';
  let phase: LocalPhase<DrillStep> | undefined;
  return localRun(
    { ...options, mode: 'drill', phases: [name] },
    async () => {
      const title = `Availability test without ${victim.name}`;
      phase = new LocalPhase({ name, title, steps: STEPS, always: ['start', 'cleanup'] }, emit, signal);
      await new DrillRun(options, phase).carryOut().finally(() => phase?.end());
    },
    () => phase?.totals() ?? {},
  );
}

class DrillRun {
  readonly #options: DrillOptions;
  readonly #phase: LocalPhase<DrillStep>;
  readonly #pause: Pause;
  /** Kinds of writes whose container may exist. */
  readonly #prepared: DrillWrites[] = [];
  readonly #observation: Observation;
  readonly #acknowledged = new Map<DrillWrites, string[]>();

  constructor(options: DrillOptions, phase: LocalPhase<DrillStep>) {
    this.#options = options;
    this.#phase = phase;
    this.#pause = options.pause ?? realPause;
    this.#observation = new Observation(options);
  }

  async carryOut(): Promise<void> {
    try {
      await this.#test();
    } finally {
      await this.#observation.stop();
      await this.#cleanUp();
    }
  }

  async #test(): Promise<void> {
    const { way, writes, victim } = this.#options;
    const phase = this.#phase;
    if (writes.length === 0) phase.skip('prepare', 'no system declares anything to write');
    else if (!(await phase.run('prepare', () => this.#prepare()))) return;
    const before = await phase.run('before', (reports) => this.#measureBefore(reports));
    if (before === undefined) return;
    const isTaken = await phase.run('stop', (reports) => this.#takeAway(reports));
    const start = startOf(way);
    if (!isTaken && (phase.outcomeOf('stop') === 'refused' || !(await this.#isGone(before)))) {
      phase.skip('start', `${victim.name} was not stopped`);
      if (start) this.#options.begun.delete(byHand(victim, start));
      return;
    }
    if (start) await phase.run('start', (reports) => this.#start(start, reports));
    else phase.skip('start', `${victim.name} starts by itself`);
    if (this.#options.signal.aborted) return;
    const isBack = await phase.run('back', (reports) => this.#awaitHost(before, reports));
    if (this.#options.signal.aborted) return;
    if (isBack) await phase.run('healthy', (reports) => this.#awaitHealth(reports));
    else phase.skip('healthy', `${victim.name} is not back`);
    if (this.#options.signal.aborted) return;
    await this.#observation.stop();
    if (this.#prepared.length === 0) phase.skip('count', 'nothing was written');
    else await phase.run('count', (reports) => this.#count(reports));
    if (this.#observation.series.length === 0) phase.skip('report', 'nothing was measured');
    else await phase.run('report', (reports) => this.#report(reports));
  }

  async #prepare(): Promise<{ value: true; note: string }> {
    const { writes, password, victim, begun } = this.#options;
    for (const one of writes) {
      const [host] = one.members.filter(({ name }) => name !== victim.name);
      if (!host || one.writers.every(({ name }) => name === victim.name)) continue;
      begun.add(one.container);
      this.#prepared.push(one);
      await this.#on(host, one.prepare(password), this.#options.signal);
    }
    return { value: true, note: this.#prepared.map(({ container }) => container).join(', ') };
  }

  /** Starts measuring. Returns what identifies the present start of the host. */
  async #measureBefore({ progress, remark }: Reports): Promise<{ value: string; note: string }> {
    const { observers, services, victim, password, signal } = this.#options;
    progress(`starts on ${observers.map(({ name }) => name).join(', ')}`);
    const start = await this.#startOf(victim, signal);
    for (const host of services.length > 0 ? observers : []) {
      await this.#observation.watchServices(services, host);
    }
    for (const writes of this.#prepared) {
      const acknowledged: string[] = [];
      this.#acknowledged.set(writes, acknowledged);
      const job = { what: writes.what, write: writes.write(password) };
      const able = writes.writers.filter(({ name }) => name !== victim.name);
      for (const host of able.slice(0, MOST_WRITERS)) {
        await this.#observation.watchWrites(job, host, (number) =>
          acknowledged.push(`${host.name} ${number}`),
        );
      }
    }
    await this.#pause(BEFORE_MS, signal);
    for (const text of this.#observation.settle()) remark(text);
    const { series } = this.#observation;
    if (series.length === 0) return { value: start, note: 'nothing to measure' };
    const names = [...new Set(series.map(({ host }) => host))].join(', ');
    const count = new Set(series.map(({ what }) => what)).size;
    return { value: start, note: `${count} services answer, measured from ${names}` };
  }

  async #takeAway({ progress }: Reports): Promise<{ value: true; note: string }> {
    const { victim, way, whyNeeded, connect, signal, env, timeoutMs, begun } = this.#options;
    progress('checks again whether it can be spared');
    const why = await whyNeeded(signal);
    if (why !== undefined) {
      throw new Refusal(
        `${victim.name} cannot be spared: ${why}`,
        `osha ok-to-stop INVENTORY ${victim.name}`,
      );
    }
    signal.throwIfAborted();
    this.#observation.markTaken();
    const start = startOf(way);
    if (start) begun.add(byHand(victim, start));
    progress(inWords(way));
    const { runLocally: run = runLocally } = this.#options;
    const options = { host: victim.name, env, timeoutMs, onLine: progress, run };
    await takeAway(way, () => connect(victim, signal), options);
    return { value: true, note: inWords(way) };
  }

  async #start(start: StartCommand, { progress }: Reports): Promise<{ value: true; note: string }> {
    const { victim, awayMs, signal, env, timeoutMs, begun, runLocally: run = runLocally } = this.#options;
    progress(`in ${awayMs / 1000} s`);
    // Interrupted: start it now.
    await this.#pause(awayMs, signal).catch(() => undefined);
    const { command, cwd } = start;
    progress(`with: ${command}`);
    try {
      await run(command, { cwd, host: victim.name, env, timeoutMs, onLine: progress });
    } catch (error) {
      if (!(error instanceof OshaError)) throw error;
      const { message, output } = error;
      throw new DrillError(message, { hint: pasted(victim, start), output });
    }
    begun.delete(byHand(victim, start));
    return { value: true, note: `with: ${command}` };
  }

  /** Whether a host is down or has restarted, although the attempt to take it away failed. */
  async #isGone(before: string): Promise<boolean> {
    const now = await this.#startOf(this.#options.victim, new AbortController().signal).catch(() => '');
    return now !== before;
  }

  async #awaitHost(before: string, { progress }: Reports): Promise<{ value: true; note: string }> {
    const { victim, signal, withinMs } = this.#options;
    const began = Date.now();
    for (;;) {
      let why = `it has not restarted`;
      try {
        if ((await this.#startOf(victim, signal)) !== before) break;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof OshaError)) throw error;
        why = error.message;
      }
      const waitedMs = Date.now() - began;
      if (waitedMs > withinMs) {
        throw new DrillError(`timed out after ${withinMs / 1000} s waiting for ${victim.name}: ${why}`, {
          hint: 'start it by hand, then: osha recover INVENTORY',
        });
      }
      progress(`${victim.name}: ${why} (${Math.round(waitedMs / 1000)} s)`);
      await this.#pause(KNOCK_EVERY_MS, signal);
    }
    return { value: true, note: `${victim.name} accepts logins` };
  }

  async #awaitHealth({ progress }: Reports): Promise<{ value: true; note: string }> {
    const { health, signal, withinMs } = this.#options;
    const began = Date.now();
    for (;;) {
      const report = await health(signal);
      signal.throwIfAborted();
      if (report.healthy) break;
      const sick = sickOf(report);
      if (Date.now() - began > withinMs) {
        throw new DrillError(`still unhealthy after ${withinMs / 1000} s: ${sick.join('; ')}`, {
          hint: 'osha recover INVENTORY',
        });
      }
      progress(`${sick.length} unhealthy: ${sick[0] ?? ''}`);
      await this.#pause(LOOK_EVERY_MS, signal);
    }
    await this.#pause(AFTER_MS, signal);
    return { value: true, note: 'as before' };
  }

  async #count({ progress, remark }: Reports): Promise<{ value: true; note: string }> {
    const { signal, emit } = this.#options;
    const counts: Count[] = [];
    const silent: string[] = [];
    for (const writes of this.#prepared) {
      const found = new Map<string, ReadonlySet<string>>();
      for (const member of writes.members) {
        progress(`${writes.what} on ${member.name}`);
        try {
          found.set(member.name, new Set((await this.#on(member, writes.list, signal)).split('\n')));
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof OshaError)) throw error;
          silent.push(`${writes.what} on ${member.name} could not be counted: ${error.message}`);
        }
      }
      counts.push({ what: writes.what, acknowledged: this.#acknowledged.get(writes) ?? [], found });
    }
    remark('Acknowledged, and found on each member:', acknowledgedTable(counts));
    const missing = counts.flatMap((count) => {
      const lost = lostBy(count);
      const numbers = Object.fromEntries([...lost].map(([member, entries]) => [member, entries.length]));
      const { what, acknowledged } = count;
      emit({
        event: 'acknowledged',
        phase: this.#phase.name,
        step: 'count',
        what,
        acknowledged: acknowledged.length,
        lost: numbers,
      });
      return [...lost].flatMap(([member, entries]) =>
        entries.length > 0 ? [`${entries.length} ${what} are lost on ${member}`] : [],
      );
    });
    const wrong = [...missing, ...silent];
    if (wrong.length > 0) throw new DrillError(wrong.join('; '));
    const total = counts.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
    return { value: true, note: `${total} acknowledged, none lost` };
  }

  #report({ remark }: Reports): Promise<{ value: true; note: string }> {
    const { emit, maxDowntimeMs } = this.#options;
    const all = measured(this.#observation.series);
    for (const one of all) {
      emit({
        event: 'measured',
        phase: this.#phase.name,
        step: 'report',
        service: one.what,
        host: one.host,
        samples: one.samples,
        failed: one.failed,
        longestOutageMs: one.longestMs,
        downtimeMs: one.downtimeMs,
        firstAnswerMs: one.firstAnswerMs,
      });
    }
    const shown = worst(all);
    remark('What clients noticed, from the host that noticed most:', availability(shown));
    for (const text of blindSpots(all)) remark(text);
    const wrong = [...this.#observation.endings, ...faults(all, { maxDowntimeMs })];
    if (wrong.length > 0) return Promise.reject(new DrillError(wrong.join('; ')));
    const longest = Math.max(0, ...shown.map(({ longestMs }) => longestMs));
    return Promise.resolve({ value: true, note: `longest outage ${longest} ms` });
  }

  async #cleanUp(): Promise<void> {
    if (this.#prepared.length === 0) return this.#phase.skip('cleanup', 'nothing was written');
    // Only a second Ctrl-C ends it.
    const { signal } = new AbortController();
    await this.#phase.run('cleanup', async () => {
      for (const writes of this.#prepared) await this.#remove(writes, signal);
      return { value: true, note: this.#prepared.map(({ container }) => container).join(', ') };
    });
  }

  /** Removes a container on the first member that can. */
  async #remove({ container, members, remove }: DrillWrites, signal: AbortSignal): Promise<void> {
    const { victim, begun } = this.#options;
    const reasons: string[] = [];
    for (const host of [...members].sort((one, other) => order(one, victim) - order(other, victim))) {
      try {
        await this.#on(host, remove, signal);
        begun.delete(container);
        return;
      } catch (error) {
        if (!(error instanceof OshaError)) throw error;
        reasons.push(`${host.name}: ${error.message}`);
      }
    }
    throw new DrillError(`left behind: ${container}`, { output: reasons.join('\n') });
  }

  async #startOf(host: Host, signal: AbortSignal): Promise<string> {
    const { connect } = this.#options;
    const limits = { connect, timeoutMs: KNOCK_WITHIN_MS, signal };
    return (await runOn(host, { script: START_OF_HOST }, limits)).trim();
  }

  #on(host: Host, script: DrillScript, signal: AbortSignal): Promise<string> {
    const { connect, timeoutMs } = this.#options;
    return runOn(host, script, { connect, timeoutMs, signal });
  }
}

interface StartCommand {
  readonly command: string;
  readonly cwd: string;
}

/** The command that starts the host; `undefined` if it starts by itself. */
function startOf(way: TakeAway): StartCommand | undefined {
  if (way.kind !== 'commands' || way.start === undefined) return undefined;
  return { command: way.start, cwd: way.cwd };
}

/** The command as the operator can paste it. */
function pasted(host: Host, { command, cwd }: StartCommand): string {
  return `cd ${quote(cwd)} && OSHA_HOST=${quote(host.name)} sh -c ${quote(command)}`;
}

/** How a host that may be down is started by hand. */
function byHand(host: Host, start: StartCommand): string {
  return `${host.name} may be stopped; start it with: ${pasted(host, start)}`;
}

/** The host that was taken away comes last. */
function order(host: Host, victim: Host): number {
  return host.name === victim.name ? 1 : 0;
}

/** What is unhealthy, a clause each. */
export function sickOf({ systems, unreachable }: HealthReport): readonly string[] {
  return [
    ...unreachable.map(({ host, message }) => `${host}: ${message}`),
    ...systems.flatMap(({ title, findings }) =>
      findings
        .filter(({ healthy, unknown }) => !healthy && !unknown)
        .map(
          ({ subject, host, evidence }) => `${title}: ${subject}${host ? ` on ${host}` : ''}: ${evidence}`,
        ),
    ),
  ];
}

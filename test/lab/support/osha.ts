import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import type { RunEvent } from '../../../src/runner/events.ts';
import type { SystemHealth } from '../../../src/runner/health.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** The built package, as users run it; with OSHA_FROM_SOURCE=1 the sources, for development. */
const MAIN =
  process.env['OSHA_FROM_SOURCE'] === '1'
    ? ['--conditions=osha-source', '--import', 'tsx', resolve(ROOT, 'src/cli/main.ts')]
    : [resolve(ROOT, 'dist/osha.js')];

export interface OshaResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  /** The JSON lines of stdout; empty without `--json`. */
  readonly events: readonly RunEvent[];
}

export interface RunningOsha {
  readonly process: ChildProcess;
  readonly result: Promise<OshaResult>;
  /** Resolves once a JSON line of stdout satisfies `wanted`. Rejects if osha exits first. */
  until(wanted: (event: RunEvent) => boolean): Promise<void>;
}

/** Starts osha like a user. */
export function startOsha(...args: readonly string[]): RunningOsha {
  const started = Date.now();
  const child = spawn(process.execPath, [...MAIN, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    for (const watcher of watchers) watcher();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const events = (): readonly RunEvent[] =>
    args.includes('--json')
      ? stdout
          .slice(0, stdout.lastIndexOf('\n') + 1)
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as RunEvent)
      : [];
  const result = new Promise<OshaResult>((done) => {
    child.on('close', (exitCode) =>
      done({ exitCode, stdout, stderr, durationMs: Date.now() - started, events: events() }),
    );
  });
  return {
    process: child,
    result,
    until: (wanted) =>
      new Promise((found, ended) => {
        const look = (): void => {
          if (!events().some(wanted)) return;
          watchers.delete(look);
          found();
        };
        watchers.add(look);
        child.on('close', () => ended(new Error(`osha exited before the expected event: ${stderr}`)));
        look();
      }),
  };
}

/** Runs osha to its end. */
export function osha(...args: readonly string[]): Promise<OshaResult> {
  return startOsha(...args).result;
}

/** The last event of a run with `--json`. */
export function summaryOf(result: OshaResult): Extract<RunEvent, { event: 'summary' }> {
  const last = result.events.at(-1);
  if (last?.event !== 'summary')
    throw new Error(`no summary: ${result.stdout.slice(-2000)} ${result.stderr}`);
  return last;
}

/** The findings of `status --json` for each system. */
export function healthOf({ events }: OshaResult): readonly SystemHealth[] {
  const told = events as readonly ({ event: string } | ({ event: 'health' } & SystemHealth))[];
  return told.filter((event): event is { event: 'health' } & SystemHealth => event.event === 'health');
}

/** The changes of a run, as `host: phase: summary`, for failure messages. */
export function changesOf(result: OshaResult): readonly string[] {
  return result.events.flatMap((event) =>
    event.event === 'change' ? [`${event.host}: ${event.phase}: ${event.summary}`] : [],
  );
}

/** What a run would have removed with --prune, as `host: phase: summary`. */
export function prunableOf(result: OshaResult): readonly string[] {
  return result.events.flatMap((event) =>
    event.event === 'prunable' ? [`${event.host}: ${event.phase}: ${event.summary}`] : [],
  );
}

/** Failures and refusals of a run, as `host: phase/step: message`; without a host for those of a whole step. */
export function failuresOf(result: OshaResult): readonly string[] {
  return result.events.flatMap((event) => {
    if (event.event !== 'host-finished' && event.event !== 'step-finished') return [];
    const { phase, step, failure } = event;
    const who = event.event === 'host-finished' ? `${event.host}: ` : '';
    return failure ? [`${who}${phase}/${step}: ${failure.message} ${failure.output ?? ''}`] : [];
  });
}

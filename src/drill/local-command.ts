import { spawn } from 'node:child_process';
import { lastLines, LineCutter } from '../runner/lines.ts';
import { after } from '../transport/timers.ts';
import { DrillError } from './errors.ts';

export interface LocalCommandOptions {
  /** The host's name, for the command's `OSHA_HOST`. */
  readonly host: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly onLine: (line: string) => void;
}

/**
 * Runs an operator's own command on this machine, by `sh -c`, without input. A Ctrl-C does not reach it: half a power command
 * is worse than a late one. Throws `DrillError` where it fails or takes too long.
 */
export function runLocally(command: string, options: LocalCommandOptions): Promise<void> {
  const { host, cwd, env, timeoutMs, onLine } = options;
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn('sh', ['-c', command], {
      cwd,
      env: { ...env, OSHA_HOST: host },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own.
      detached: true,
    });
    let isLate = false;
    const timer = after(timeoutMs, () => {
      isLate = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    });
    for (const stream of [child.stdout, child.stderr]) {
      const lines = new LineCutter((line) => {
        output = lastLines(`${output}\n${line}`, 12);
        onLine(line);
      });
      stream.setEncoding('utf8').on('data', (chunk: string) => lines.write(chunk));
      stream.on('end', () => lines.end());
    }
    const fail = (what: string): void => reject(new DrillError(`${command}: ${what}`, { output }));
    child.on('error', (error) => {
      clearTimeout(timer);
      fail(error.message);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (isLate) fail(`timed out after ${timeoutMs / 1000} s and was killed`);
      else if (code === 0) resolve();
      else fail(code === null ? `was killed by ${signal ?? 'a signal'}` : `exited with ${code}`);
    });
  });
}

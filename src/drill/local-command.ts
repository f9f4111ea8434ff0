import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { lastLines, LineCutter } from '../runner/lines.ts';
import { after } from '../transport/timers.ts';
import { DrillError } from './errors.ts';

/** Milliseconds to read what a command printed, once it has ended: what it left in the background may keep its output open. */
const OUTPUT_WITHIN_MS = 500;

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
 * is worse than a late one. Does not wait for what it leaves in the background, such as a virtual machine. Throws `DrillError` where it fails or takes too long.
 */
export function runLocally(command: string, options: LocalCommandOptions): Promise<void> {
  const { host, cwd, env, timeoutMs, onLine } = options;
  return new Promise((resolve, reject) => {
    let output = '';
    let isLate = false;
    let isOver = false;
    const child = spawn('sh', ['-c', command], {
      cwd,
      env: { ...env, OSHA_HOST: host },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own.
      detached: true,
    });
    const timer = after(timeoutMs, () => {
      isLate = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    });
    for (const stream of [child.stdout, child.stderr]) {
      const lines = new LineCutter((line) => {
        if (isOver) return;
        output = lastLines(`${output}\n${line}`, 12);
        onLine(line);
      });
      stream.setEncoding('utf8').on('data', (chunk: string) => lines.write(chunk));
      stream.on('end', () => lines.end());
    }
    const end = (fault?: string): void => {
      isOver = true;
      clearTimeout(timer);
      if (fault === undefined) resolve();
      else reject(new DrillError(`${command}: ${fault}`, { output }));
    };
    const endWith = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (isLate) end(`timed out after ${timeoutMs / 1000} s and was killed`);
      else if (code === 0) end();
      else end(code === null ? `was killed by ${signal ?? 'a signal'}` : `exited with ${code}`);
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      const unread = after(OUTPUT_WITHIN_MS, () => {
        // Still read, so that the background can print, but not waited for.
        for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
        endWith(code, signal);
      });
      child.on('close', () => {
        clearTimeout(unread);
        if (!isOver) endWith(code, signal);
      });
    });
  });
}

import { spawn } from 'node:child_process';

/** The output of a command and how it ended; `exitCode` is 137 if a signal killed it. */
export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Kills the command after this many milliseconds, with `exitCode` 137. */
  readonly timeoutMs?: number;
  /** Receives each line of both outputs. */
  readonly onLine?: (line: string) => void;
}

/** An error that the user can fix; `hint` says how. */
export class LabError extends Error {
  override name = 'LabError';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** Runs a local command and returns its result, even on failure. A missing command has exit code 127. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    const timer = options.timeoutMs && setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
    const lines = lineSplitter(options.onLine);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      lines(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      lines(text);
    });
    // A command may exit without reading its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => {
      if (timer) clearTimeout(timer);
      resolve({ stdout, stderr: `${stderr}${error.message}\n`, exitCode: 127 });
    });
    child.on('close', (code) => {
      if (timer) clearTimeout(timer);
      resolve({ stdout, stderr, exitCode: code ?? 137 });
    });
  });
}

/** Runs a local command that must succeed; returns its stdout. Throws with its last lines of output. */
export async function must(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(command, args, options);
  if (result.exitCode !== 0) {
    const said = `${result.stdout}${result.stderr}`.trim().split('\n').slice(-15).join('\n  ');
    throw new LabError(`\`${command} ${args.join(' ')}\` exited with ${result.exitCode}:\n  ${said}`);
  }
  return result.stdout;
}

/** Whether the command exists. */
export async function exists(command: string): Promise<boolean> {
  return (await run('sh', ['-c', 'command -v -- "$0"', command])).exitCode === 0;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function lineSplitter(onLine: ((line: string) => void) | undefined): (text: string) => void {
  let rest = '';
  return (text) => {
    if (!onLine) return;
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') onLine(line);
  };
}

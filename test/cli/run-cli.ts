import { runCli } from '../../src/cli/cli.ts';
import type { Io } from '../../src/cli/io.ts';
import { listening } from '../render/output.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs osha in this process, in `cwd`, without a terminal. */
export async function osha(cwd: string, ...args: readonly string[]): Promise<CliResult> {
  return oshaWith({ cwd }, ...args);
}

export async function oshaWith(
  options: Partial<Pick<Io, 'cwd' | 'env' | 'isTTY' | 'ask' | 'askHidden' | 'transport'>> & {
    readonly columns?: number;
  },
  ...args: readonly string[]
): Promise<CliResult> {
  const stdout = listening(options.columns);
  const stderr = listening(options.columns);
  const exitCode = await runCli(args, {
    stdout,
    stderr,
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    isTTY: options.isTTY ?? false,
    onInterrupt: () => () => undefined,
    quit: () => undefined,
    ...(options.ask ? { ask: options.ask } : {}),
    ...(options.askHidden ? { askHidden: options.askHidden } : {}),
    ...(options.transport ? { transport: options.transport } : {}),
  });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

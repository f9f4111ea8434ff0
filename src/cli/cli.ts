import { Command, CommanderError } from 'commander';
import { getSystemErrorMap } from 'node:util';
import { OshaError } from '../text/error.ts';
import { jsonLine } from '../text/json-line.ts';
import { visibleBehind } from '../text/visible.ts';
import { FILE_TROUBLE, InvalidFile, printProblems, UserError } from './errors.ts';
import { EXIT, type Io } from './io.ts';
import type { Cli } from './register.ts';
import { verbs } from './verbs.ts';
import { ownVersion } from './version.ts';
import { PlaybookFault } from '../playbook/playbook.ts';

/**
 * Carries out one command line, without the words `node osha`, and returns its exit code. Nothing of a user's mistake is
 * thrown; what is thrown is a defect of osha.
 */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  const cli: Cli = { io, command: ['osha', ...args].join(' '), exitCode: EXIT.ok };
  try {
    await createProgram(cli).parseAsync(args, { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    return explain(error, io, asksForJson(args));
  }
}

/** The whole tree of commands. */
export function createProgram(cli: Cli): Command {
  const program = new Command('osha');
  program
    .description('Turns a YAML inventory into a highly-available OpenStack, over SSH, from this machine.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help for a command')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => void cli.io.stdout.write(text),
      writeErr: (text) => void cli.io.stderr.write(text),
      getOutHelpWidth: () => cli.io.stdout.columns ?? 100,
      getErrHelpWidth: () => cli.io.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', OVERVIEW)
    .exitOverride();
  for (const register of verbs) register(program, cli);
  return program;
}

const OVERVIEW = `
Get started:
  osha init prod                     write prod/inventory.yaml for you to edit
  osha validate prod/inventory.yaml  find every mistake in it
  osha plan prod/inventory.yaml      show what would be done, without connecting
  osha deploy prod/inventory.yaml    deploy it

Exit codes: 0 done or nothing to do, 1 a step failed or something is unhealthy, 2 wrong usage or an invalid file,
3 changes are pending (only with --exit-code), 4 a host could not be reached, 5 refused, 130 interrupted.`;

/** Tells the user what was wrong, and returns the exit code for it. Throws what is not the user's mistake. */
async function explain(error: unknown, io: Io, json: boolean): Promise<number> {
  const tell = (fields: object): void => void (json && io.stdout.write(`${jsonLine(fields)}\n`));
  if (error instanceof CommanderError) {
    // Help and version end in an error too, with 0. Commander has printed everything already.
    if (error.exitCode === 0) return EXIT.ok;
    tell({ event: 'error', message: error.message.replace(/^error: /, ''), exitCode: EXIT.usage });
    return EXIT.usage;
  }
  if (error instanceof PlaybookFault) return explain(new InvalidFile([error.problem]), io, json);
  if (error instanceof InvalidFile) {
    for (const problem of error.problems) tell({ event: 'problem', ...problem });
    tell({ event: 'error', message: 'a file is invalid', exitCode: EXIT.usage });
    printProblems(io, error.problems);
    return EXIT.usage;
  }
  const known = error instanceof OshaError ? error : fileSystemError(error);
  if (!known) throw error;
  const { message, hint, exitCode } = known;
  tell({ event: 'error', message, ...(hint === undefined ? {} : { hint }), exitCode });
  io.stderr.write(
    `error: ${visibleBehind(message)}\n${hint === undefined ? '' : `hint: ${visibleBehind(hint)}\n`}`,
  );
  return exitCode;
}

/** A path that the user gave, or the state of the user's disk: whatever the system says of it. */
function fileSystemError(error: unknown): UserError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno, path } = error as NodeJS.ErrnoException;
  if (code === undefined || path === undefined) return undefined;
  const trouble = FILE_TROUBLE[code] ?? getSystemErrorMap().get(errno ?? 0)?.[1];
  if (trouble === undefined) return undefined;
  return new UserError(`${path}: ${trouble}`, { hint: 'check the path, its owner and its mode' });
}

/** Whether a command line asks for JSON Lines. */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

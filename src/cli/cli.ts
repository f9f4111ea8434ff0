import { Command, CommanderError } from 'commander';
import { getSystemErrorMap } from 'node:util';
import { OshaError } from '../text/error.ts';
import { jsonLine, visibleBehind } from '../text/visible.ts';
import { FILE_TROUBLE, InvalidFile, printProblems, UserError } from './errors.ts';
import { EXIT, type Io } from './io.ts';
import type { Cli, Register } from './register.ts';
import { registerBackup } from './verbs/backup.ts';
import { registerCa } from './verbs/ca.ts';
import { registerCompletion } from './verbs/completion.ts';
import { registerDeploy, registerPlan, registerRun } from './verbs/deploy.ts';
import { registerDrill } from './verbs/drill.ts';
import { registerExec } from './verbs/exec.ts';
import { registerCheck, registerStatus } from './verbs/health.ts';
import { registerHistory, registerShow } from './verbs/history.ts';
import { registerHost } from './verbs/host.ts';
import { registerInit } from './verbs/init.ts';
import { registerOkToStop } from './verbs/ok-to-stop.ts';
import { registerOpenrc } from './verbs/openrc.ts';
import { registerPhases } from './verbs/phases.ts';
import { registerRecover } from './verbs/recover.ts';
import { registerRender } from './verbs/render.ts';
import { registerRestart } from './verbs/restart.ts';
import { registerRestore } from './verbs/restore.ts';
import { registerSchema } from './verbs/schema.ts';
import { registerSecrets } from './verbs/secrets.ts';
import { registerSmoke } from './verbs/smoke.ts';
import { registerUpgrade } from './verbs/upgrade.ts';
import { registerValidate } from './verbs/validate.ts';
import { ownVersion } from './version.ts';
import { PlaybookFault } from '../playbook/playbook.ts';

/**
 * Runs one command line, without the words `node osha`, and returns its exit code. Prints a user's mistakes; throws only
 * defects of osha.
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

/** The program with all verbs. */
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
  for (const register of VERBS) register(program, cli);
  return program;
}

/** All verbs, in the order of the help: as an operator needs them on the way to a deployment and after it. */
const VERBS: readonly Register[] = [
  registerInit,
  registerValidate,
  registerPlan,
  registerCheck,
  registerDeploy,
  registerStatus,
  registerRecover,
  registerOkToStop,
  registerHost,
  registerRestart,
  registerUpgrade,
  registerBackup,
  registerRestore,
  registerDrill,
  registerSmoke,
  registerOpenrc,
  registerRun,
  registerExec,
  registerRender,
  registerHistory,
  registerShow,
  registerPhases,
  registerSchema,
  registerSecrets,
  registerCa,
  registerCompletion,
];

const OVERVIEW = `
Get started:
  osha init prod                     write prod/inventory.yaml for you to edit
  osha validate prod/inventory.yaml  find every mistake in it
  osha plan prod/inventory.yaml      show what would be done, without connecting
  osha deploy prod/inventory.yaml    deploy it

Exit codes: 0 done or nothing to do, 1 a step failed or something is unhealthy, 2 wrong usage or an invalid file,
3 changes are pending (only with --exit-code), 4 a host is unreachable, 5 refused, 130 interrupted.`;

/** Prints a user's mistake and returns its exit code. Rethrows anything else. */
async function explain(error: unknown, io: Io, json: boolean): Promise<number> {
  const printEvent = (fields: object): void => void (json && io.stdout.write(`${jsonLine(fields)}\n`));
  if (error instanceof CommanderError) {
    // Help and version are errors with 0. Commander has printed the message already.
    if (error.exitCode === 0) return EXIT.ok;
    printEvent({ event: 'error', message: error.message.replace(/^error: /, ''), exitCode: EXIT.usage });
    return EXIT.usage;
  }
  if (error instanceof PlaybookFault) return explain(new InvalidFile([error.problem]), io, json);
  if (error instanceof InvalidFile) {
    for (const problem of error.problems) printEvent({ event: 'problem', ...problem });
    printEvent({ event: 'error', message: 'a file is invalid', exitCode: EXIT.usage });
    printProblems(io, error.problems);
    return EXIT.usage;
  }
  const known = error instanceof OshaError ? error : fileSystemError(error);
  if (!known) throw error;
  const { message, hint, exitCode } = known;
  printEvent({ event: 'error', message, ...(hint === undefined ? {} : { hint }), exitCode });
  io.stderr.write(
    `error: ${visibleBehind(message)}\n${hint === undefined ? '' : `hint: ${visibleBehind(hint)}\n`}`,
  );
  return exitCode;
}

/** A failed file system call, whose path the user gave or whose disk is the user's, as a `UserError`. */
function fileSystemError(error: unknown): UserError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno, path } = error as NodeJS.ErrnoException;
  if (code === undefined || path === undefined) return undefined;
  const trouble = FILE_TROUBLE[code] ?? getSystemErrorMap().get(errno ?? 0)?.[1];
  if (trouble === undefined) return undefined;
  return new UserError(`${path}: ${trouble}`, { hint: 'check the path, its owner and its mode' });
}

/** Whether a command line asks for JSON Lines: words after `--` belong to another command. */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

import { InvalidArgumentError, Option, type Command } from 'commander';
import type { GivenOptions } from '../planner/checked-options.ts';
import type { Selection } from '../planner/selection.ts';
import { DEFAULT_TIMEOUT_SECONDS } from '../playbook/limits.ts';
import { bytesOf } from '../text/size.ts';
import { MAX_OUTPUT_BYTES } from '../transport/bounded-output.ts';

/** Hosts worked on in parallel. */
const FORKS = 20;
/** Seconds for TCP, handshake, login and sudo together: a login on a host at full load takes ten. */
const CONNECT_TIMEOUT_SECONDS = 30;

export interface OutputOptions {
  readonly json?: true;
  readonly plain?: true;
  readonly verbose?: true;
  /** False with `--no-color`. */
  readonly color: boolean;
}

export interface ConnectionOptions extends LoginOptions {
  readonly forks: number;
  /** Seconds. */
  readonly timeout: number;
  /** Bytes. */
  readonly maxOutput: number;
}

export interface LoginOptions {
  /** Seconds. */
  readonly connectTimeout: number;
  readonly acceptNew?: true;
  readonly askPassword?: true;
  readonly askSudoPassword?: true;
}

export interface SelectionOptions {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly from?: { readonly phase: string; readonly step?: string };
  readonly limit?: readonly string[];
}

/** Options that playbooks take. */
export interface PlaybookOptions {
  readonly bootstrapFrom?: string;
}

export interface ConsentOptions {
  readonly yes?: true | undefined;
}

/** `--yes`, for verbs that can lose data or availability and ask for confirmation. */
export function withConsent(command: Command): Command {
  return command.option('--yes', 'do not ask for confirmation before removing or possibly losing something');
}

/** Options of every verb that prints. */
export function withOutput(command: Command): Command {
  return command
    .addOption(new Option('--json', 'print JSON Lines on stdout and nothing else').conflicts('plain'))
    .option('--plain', 'print plain lines instead of the live progress view')
    .option('-v, --verbose', 'also show unchanged hosts and command output')
    .option('--no-color', 'no colours (default without a terminal or with NO_COLOR)');
}

/** Options of every verb that connects to hosts. */
export function withConnections(command: Command): Command {
  return withLogin(
    command
      .addOption(
        new Option('--forks <n>', 'number of hosts to work on in parallel')
          .argParser(positiveInteger)
          .default(FORKS),
      )
      .addOption(
        new Option(
          '--timeout <seconds>',
          'time limit for one command on a host; above the default, all waits get longer in proportion',
        )
          .argParser(wholeSeconds)
          .default(DEFAULT_TIMEOUT_SECONDS),
      )
      .addOption(
        new Option('--max-output <size>', 'how much of the output of one command is kept, such as 64K or 1G')
          .argParser(size)
          .default(MAX_OUTPUT_BYTES, '16M'),
      ),
  );
}

/** The options for logging in to hosts. */
export function withLogin(command: Command): Command {
  return command
    .addOption(
      new Option('--connect-timeout <seconds>', 'time limit for logging in to a host')
        .argParser(wholeSeconds)
        .default(CONNECT_TIMEOUT_SECONDS),
    )
    .option('--accept-new', 'record the keys of unknown hosts (a changed key is always refused)')
    .option(
      '--ask-password',
      'ask for the SSH password, for hosts that take no key (without a terminal: OSHA_SSH_PASSWORD_FILE)',
    )
    .option(
      '--ask-sudo-password',
      'ask for the password of sudo on the hosts (without a terminal: OSHA_SUDO_PASSWORD_FILE)',
    );
}

/** `--limit`, also for verbs without a plan. */
export function withLimit(command: Command): Command {
  return command.addOption(
    new Option(
      '--limit <host|role,...>',
      'only change these hosts; configuration files still list the others',
    ).argParser(names),
  );
}

/** Options that choose a part of the plan. */
export function withSelection(command: Command): Command {
  return withLimit(
    command
      .addOption(new Option('--only <phase,...>', 'only these phases').argParser(names))
      .addOption(new Option('--skip <phase,...>', 'all phases but these').argParser(names))
      .addOption(
        new Option('--from <phase[:step]>', 'start at this phase, or at this step of it').argParser(from),
      ),
  );
}

/** The options that playbooks declare (`Playbook.options`), repeated here because help and usage load no playbook. */
export function withPlaybookOptions(command: Command): Command {
  return command.option(
    '--bootstrap-from <host>',
    'form the database cluster from the data of this member, also without members that are gone for good',
  );
}

/** The given options of `withPlaybookOptions`, by their names on the command line. */
export function playbookOptionsOf(options: PlaybookOptions): GivenOptions {
  return { 'bootstrap-from': options.bootstrapFrom };
}

/** The selection that the options of `withSelection` ask for. */
export function selectionOf(options: SelectionOptions): Selection {
  return {
    ...(options.only ? { only: options.only } : {}),
    ...(options.skip ? { skip: options.skip } : {}),
    ...(options.from ? { from: options.from } : {}),
    ...(options.limit ? { limit: options.limit } : {}),
  };
}

/** Seconds: the longest timer of Node.js, about 24 days. */
const LONGEST_SECONDS = 2_147_483;

/** The argument of an option that is a time in seconds. */
export function wholeSeconds(value: string): number {
  const seconds = /^[1-9]\d{0,6}$/.test(value) ? Number(value) : Number.NaN;
  if (seconds <= LONGEST_SECONDS) return seconds;
  throw new InvalidArgumentError(`Expected a whole number of seconds from 1 to ${LONGEST_SECONDS}.`);
}

/** The argument of an option that is a count. */
export function positiveInteger(value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) throw new InvalidArgumentError('Expected a whole number above 0.');
  return Number(value);
}

function size(value: string): number {
  const bytes = bytesOf(value);
  if (bytes === undefined)
    throw new InvalidArgumentError('Expected a number of bytes, such as 64K, 16M or 1G.');
  return bytes;
}

/** The names of an option that may be repeated, each time with one or more names separated by commas. */
function names(value: string, before: readonly string[] | undefined): readonly string[] {
  const found = value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (found.length === 0) throw new InvalidArgumentError('Expected at least one name.');
  return [...(before ?? []), ...found];
}

function from(value: string): NonNullable<SelectionOptions['from']> {
  const [phase = '', step, ...rest] = value.split(':');
  if (phase === '' || step === '' || rest.length > 0) {
    throw new InvalidArgumentError(
      'Expected a phase, or a phase and one of its steps, such as galera:form-the-cluster.',
    );
  }
  return step === undefined ? { phase } : { phase, step };
}

import type { Command } from 'commander';

/** What a shell has to know of one verb to complete it. */
export interface VerbWords {
  /** As it is typed: "deploy", "secrets rotate". */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWords[];
  /** True where it takes a file. */
  readonly files: boolean;
  /** Fixed words that its first argument can be. */
  readonly choices: readonly string[];
}

export interface OptionWords {
  /** `--forks`, and its short form where it has one. */
  readonly flags: readonly string[];
  readonly describe: string;
  readonly takesValue: boolean;
  /** What its value is one of. */
  readonly values: 'phases' | 'files' | 'none';
}

/** Every verb, and every word below it, of the program. */
export function wordsOf(program: Command): readonly VerbWords[] {
  return program.commands.flatMap((command) => [
    verbOf(command, command.name()),
    ...command.commands.map((sub) => verbOf(sub, `${command.name()} ${sub.name()}`)),
  ]);
}

function verbOf(command: Command, name: string): VerbWords {
  return {
    name,
    summary: command.summary() || command.description(),
    files: command.registeredArguments.some((argument) => /inventory|playbook|dir/.test(argument.name())),
    choices: [
      ...command.commands.map((sub) => sub.name()),
      ...command.registeredArguments.slice(0, 1).flatMap((argument) => argument.argChoices ?? []),
    ],
    options: [
      ...command.options.map((option) => ({
        flags: [option.long, option.short].filter((flag) => typeof flag === 'string'),
        describe: option.description,
        takesValue: option.required || option.optional,
        values: valuesOf(option.long ?? ''),
      })),
      {
        flags: ['--help', '-h'],
        describe: 'explain this command',
        takesValue: false,
        values: 'none' as const,
      },
    ],
  };
}

function valuesOf(flag: string): OptionWords['values'] {
  if (['--only', '--skip', '--from'].includes(flag)) return 'phases';
  return flag === '--out' ? 'files' : 'none';
}

import type { Command, Option } from 'commander';
import { allCommands, verbOf } from '../examples/commands.ts';
import { code, markdownTable, plain } from './table.ts';

/** An option that at least this many verbs have is described once. */
const SHARED_BY = 4;

/** Every verb with its arguments, options and examples, from the help of the program itself. */
export function commandsPage(program: Command): string {
  const commands = allCommands(program).filter((command) => command !== program);
  const shared = sharedOptions(commands);
  return [
    '# Commands',
    '',
    '<!-- Generated from the help of the program: npm run reference -->',
    '',
    'The same text is printed by `osha help` and `osha deploy --help`. Exit codes, environment variables and files: [reference.md](reference.md).',
    '',
    ...markdownTable(
      ['command', 'does'],
      commands.map((command) => [link(command), plain(command.summary() || command.description())]),
    ),
    '',
    ...commands.flatMap((command) => section(command, shared)),
    '## Shared options',
    '',
    'An option means the same for every command that takes it.',
    '',
    ...optionTable(shared),
  ].join('\n');
}

function link(command: Command): string {
  const name = `osha ${verbOf(command)}`;
  return `[${code(name)}](#${name.replaceAll(' ', '-')})`;
}

function section(command: Command, shared: readonly Option[]): readonly string[] {
  const own = command.options.filter((option) => !shared.some((other) => isSame(option, other)));
  const common = command.options.filter((option) => shared.some((other) => isSame(option, other)));
  const words = command.registeredArguments;
  return [
    `## osha ${verbOf(command)}`,
    '',
    plain(command.description()),
    '',
    '```text',
    `osha ${verbOf(command)} ${command.usage()}`,
    '```',
    '',
    ...(words.length === 0
      ? []
      : [
          ...markdownTable(
            ['argument', 'is'],
            words.map((word) => [code(word.name()), plain(described(word.description, word))]),
          ),
          '',
        ]),
    ...(own.length === 0 ? [] : [...optionTable(own), '']),
    ...(common.length === 0
      ? []
      : [
          `[Shared options](#shared-options): ${common.map((option) => code(nameOf(option))).join(', ')}.`,
          '',
        ]),
    ...examplesOf(command),
  ];
}

function optionTable(options: readonly Option[]): readonly string[] {
  return markdownTable(
    ['option', 'does'],
    options.map((option) => [code(option.flags), plain(described(option.description, option))]),
  );
}

/** What there is to choose from, and the default. */
function described(
  description: string,
  { argChoices, defaultValue, defaultValueDescription }: Described,
): string {
  const standard =
    defaultValueDescription ??
    (['string', 'number'].includes(typeof defaultValue) ? String(defaultValue) : undefined);
  const notes = [
    ...(argChoices ? [`one of ${argChoices.join(', ')}`] : []),
    ...(standard === undefined ? [] : [`default: ${standard}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

interface Described {
  readonly argChoices?: readonly string[] | undefined;
  readonly defaultValue?: unknown;
  readonly defaultValueDescription?: string | undefined;
}

/** The examples that the help of a command ends with. */
function examplesOf(command: Command): readonly string[] {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 10_000 });
  command.outputHelp();
  const [, examples] = help.split('\nExamples:\n');
  if (examples === undefined) return [];
  const lines = examples.split('\n').map((line) => line.trim());
  return ['```sh', ...lines.filter((line) => line !== ''), '```', ''];
}

function sharedOptions(commands: readonly Command[]): readonly Option[] {
  const all = commands.flatMap(({ options }) => options);
  const isFirst = (option: Option, index: number): boolean =>
    all.findIndex((other) => isSame(option, other)) === index;
  return all.filter(
    (option, index) =>
      isFirst(option, index) && all.filter((other) => isSame(option, other)).length >= SHARED_BY,
  );
}

function isSame(one: Option, other: Option): boolean {
  return one.flags === other.flags && one.description === other.description;
}

function nameOf({ long, flags }: Option): string {
  return long ?? flags;
}

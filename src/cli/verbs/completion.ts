import { Argument, type Command } from 'commander';
import { EXIT } from '../io.ts';
import { exiting, type Register } from '../register.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

export const registerCompletion: Register = (program, cli) => {
  program
    .command('completion')
    .summary('print completion for a shell')
    .description('Prints a script that completes verbs, options and phases in a shell.')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(osha completion bash)\n  source <(osha completion zsh)\n  osha completion fish | source',
    )
    .action(
      exiting(cli, async (shell: keyof typeof SCRIPTS) => {
        const { playbooks } = await import('../../../playbooks/index.ts');
        const phases = playbooks.map((playbook) => playbook.name);
        cli.io.stdout.write(SCRIPTS[shell](wordsOf(program), phases));
        return EXIT.ok;
      }),
    );
};

/** What completion needs to know about a verb. */
interface VerbWords {
  /** As typed: "deploy", "secrets rotate". */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWords[];
  /** Whether it takes a file. */
  readonly files: boolean;
  /** The allowed values of its first argument, where they are fixed. */
  readonly choices: readonly string[];
}

interface OptionWords {
  /** The long form, and the short one where there is one. */
  readonly flags: readonly string[];
  readonly describe: string;
  readonly takesValue: boolean;
  /** What completes its value. */
  readonly values: 'phases' | 'files' | 'none';
}

/** All verbs of the program, including those below another, such as `secrets rotate`. */
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
        describe: 'show help for a command',
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

/** A completion script for bash. */
export function bashScript(verbs: readonly VerbWords[], phases: readonly string[]): string {
  const top = verbs.filter((verb) => !verb.name.includes(' ')).map((verb) => verb.name);
  return `# bash completion for osha; load it with: source <(osha completion bash)
_osha() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} verb=\${COMP_WORDS[1]-}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${top.join(' ')} help --help --version' -- "$current"))
    return
  fi
  case "$verb \${COMP_WORDS[2]-}" in
${verbs
  .filter((verb) => verb.name.includes(' '))
  .map((verb) => `    '${verb.name}') verb='${verb.name}' ;;`)
  .join('\n')}
  esac
  case "$previous" in
    --only|--skip|--from)
      local before=
      case "$current" in *,*) before=\${current%,*},; current=\${current##*,} ;; esac
      COMPREPLY=($(compgen -P "$before" -W '${phases.join(' ')}' -- "$current"))
      compopt -o nospace 2>/dev/null
      return ;;
    ${valueFlags(verbs, 'files').join('|') || '--'}) COMPREPLY=($(compgen -d -- "$current")); return ;;
    ${valueFlags(verbs, 'none').join('|') || '--'}) return ;;
  esac
  case "$verb" in
${verbs.map(bashBranch).join('\n')}
  esac
}
complete -F _osha osha
`;
}

function bashBranch(verb: VerbWords): string {
  const flags = verb.options.flatMap((option) => option.flags).join(' ');
  const files = verb.files ? ' COMPREPLY+=($(compgen -f -- "$current"));' : '';
  const words =
    verb.choices.length > 0 ? ` COMPREPLY+=($(compgen -W '${verb.choices.join(' ')}' -- "$current"));` : '';
  return `    '${verb.name}')
      case "$current" in
        -*) COMPREPLY=($(compgen -W '${flags}' -- "$current")) ;;
        *)${words}${files} ;;
      esac ;;`;
}

/** The flags of all verbs whose value is completed in this way. */
function valueFlags(verbs: readonly VerbWords[], values: OptionWords['values']): readonly string[] {
  return [
    ...new Set(
      verbs
        .flatMap((verb) => verb.options)
        .filter((option) => option.takesValue && option.values === values)
        .flatMap((option) => option.flags),
    ),
  ];
}

function zshScript(verbs: readonly VerbWords[], phases: readonly string[]): string {
  const top = verbs.filter((verb) => !verb.name.includes(' '));
  return `#compdef osha
# zsh completion for osha; load it with: source <(osha completion zsh)
_osha_phases() {
  compset -P '*,'
  compadd -S '' -- ${phases.join(' ')}
}
_osha() {
  local -a verbs
  verbs=(
${top.map((verb) => `    ${zshQuoted(`${verb.name}:${verb.summary}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe -t verbs 'command' verbs
    return
  fi
  local verb=$words[2]
  case "$verb $words[3]" in
${verbs
  .filter((verb) => verb.name.includes(' '))
  .map((verb) => `    ${zshQuoted(verb.name)}) verb=${zshQuoted(verb.name)} ;;`)
  .join('\n')}
  esac
  shift words
  (( CURRENT-- ))
  case "$verb" in
${verbs.map(zshBranch).join('\n')}
  esac
}
if [ "$funcstack[1]" = "_osha" ]; then _osha "$@"; else compdef _osha osha; fi
`;
}

function zshBranch(verb: VerbWords): string {
  const positional =
    verb.choices.length > 0
      ? [`'1:word:(${verb.choices.join(' ')})'`, ...(verb.files ? [`'*:file:_files'`] : [])]
      : verb.files
        ? [`'*:file:_files'`]
        : [];
  const specs = [...verb.options.flatMap(zshSpecs), ...positional];
  return `    ${zshQuoted(verb.name)}) _arguments ${specs.join(' ')} ;;`;
}

function zshSpecs(option: OptionWords): readonly string[] {
  const action = { phases: ':phase:_osha_phases', files: ':folder:_files -/', none: ':value:' }[
    option.values
  ];
  const describe = option.describe.replace(/[[\]:]/g, ' ');
  return option.flags.map((flag) => zshQuoted(`${flag}[${describe}]${option.takesValue ? action : ''}`));
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishScript(verbs: readonly VerbWords[], phases: readonly string[]): string {
  const top = verbs.filter((verb) => !verb.name.includes(' '));
  const lines = [
    '# fish completion for osha; load it with: osha completion fish | source',
    'complete -c osha -f',
    ...top.map(
      (verb) => `complete -c osha -n __fish_use_subcommand -a ${verb.name} -d ${fishQuoted(verb.summary)}`,
    ),
    ...top.flatMap((verb) => fishLines(verb, phases)),
  ];
  return `${lines.join('\n')}\n`;
}

function fishLines(verb: VerbWords, phases: readonly string[]): readonly string[] {
  const when = `complete -c osha -n '__fish_seen_subcommand_from ${verb.name}'`;
  return [
    ...(verb.files ? [`${when} -F`] : []),
    ...(verb.choices.length > 0 ? [`${when} -a ${fishQuoted(verb.choices.join(' '))}`] : []),
    ...verb.options.map(
      (option) =>
        `${when} ${fishFlags(option)}${fishValue(option, phases)} -d ${fishQuoted(option.describe)}`,
    ),
  ];
}

function fishFlags(option: OptionWords): string {
  return option.flags
    .map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
    .join(' ');
}

function fishValue(option: OptionWords, phases: readonly string[]): string {
  if (!option.takesValue) return '';
  switch (option.values) {
    case 'phases':
      return ` -x -a ${fishQuoted(phases.join(' '))}`;
    case 'files':
      return ' -r -F';
    case 'none':
      return ' -x';
  }
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

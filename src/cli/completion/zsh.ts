import type { OptionWords, VerbWords } from './tree.ts';

/** A completion script for zsh. */
export function zshScript(verbs: readonly VerbWords[], phases: readonly string[]): string {
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
${top.map((verb) => `    ${quoted(`${verb.name}:${verb.summary}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe -t verbs 'command' verbs
    return
  fi
  local verb=$words[2]
  case "$verb $words[3]" in
${verbs
  .filter((verb) => verb.name.includes(' '))
  .map((verb) => `    ${quoted(verb.name)}) verb=${quoted(verb.name)} ;;`)
  .join('\n')}
  esac
  shift words
  (( CURRENT-- ))
  case "$verb" in
${verbs.map(branch).join('\n')}
  esac
}
if [ "$funcstack[1]" = "_osha" ]; then _osha "$@"; else compdef _osha osha; fi
`;
}

function branch(verb: VerbWords): string {
  const positional =
    verb.choices.length > 0
      ? [`'1:word:(${verb.choices.join(' ')})'`, ...(verb.files ? [`'*:file:_files'`] : [])]
      : verb.files
        ? [`'*:file:_files'`]
        : [];
  const specs = [...verb.options.flatMap(specOf), ...positional];
  return `    ${quoted(verb.name)}) _arguments ${specs.join(' ')} ;;`;
}

function specOf(option: OptionWords): readonly string[] {
  const action = { phases: ':phase:_osha_phases', files: ':folder:_files -/', none: ':value:' }[
    option.values
  ];
  const describe = option.describe.replace(/[[\]:]/g, ' ');
  return option.flags.map((flag) => quoted(`${flag}[${describe}]${option.takesValue ? action : ''}`));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

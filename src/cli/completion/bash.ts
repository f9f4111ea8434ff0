import type { OptionWords, VerbWords } from './tree.ts';

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
${verbs.map(branch).join('\n')}
  esac
}
complete -F _osha osha
`;
}

function branch(verb: VerbWords): string {
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

/** Options whose value is of one kind, over all verbs. */
export function valueFlags(verbs: readonly VerbWords[], values: OptionWords['values']): readonly string[] {
  return [
    ...new Set(
      verbs
        .flatMap((verb) => verb.options)
        .filter((option) => option.takesValue && option.values === values)
        .flatMap((option) => option.flags),
    ),
  ];
}

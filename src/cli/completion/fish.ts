import type { OptionWords, VerbWords } from './tree.ts';

/** A completion script for fish. */
export function fishScript(verbs: readonly VerbWords[], phases: readonly string[]): string {
  const top = verbs.filter((verb) => !verb.name.includes(' '));
  const lines = [
    '# fish completion for osha; load it with: osha completion fish | source',
    'complete -c osha -f',
    ...top.map(
      (verb) => `complete -c osha -n __fish_use_subcommand -a ${verb.name} -d ${quoted(verb.summary)}`,
    ),
    ...top.flatMap((verb) => linesOf(verb, phases)),
  ];
  return `${lines.join('\n')}\n`;
}

function linesOf(verb: VerbWords, phases: readonly string[]): readonly string[] {
  const when = `complete -c osha -n '__fish_seen_subcommand_from ${verb.name}'`;
  return [
    ...(verb.files ? [`${when} -F`] : []),
    ...(verb.choices.length > 0 ? [`${when} -a ${quoted(verb.choices.join(' '))}`] : []),
    ...verb.options.map(
      (option) => `${when} ${flagsOf(option)}${valueOf(option, phases)} -d ${quoted(option.describe)}`,
    ),
  ];
}

function flagsOf(option: OptionWords): string {
  return option.flags
    .map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
    .join(' ');
}

function valueOf(option: OptionWords, phases: readonly string[]): string {
  if (!option.takesValue) return '';
  switch (option.values) {
    case 'phases':
      return ` -x -a ${quoted(phases.join(' '))}`;
    case 'files':
      return ' -r -F';
    case 'none':
      return ' -x';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

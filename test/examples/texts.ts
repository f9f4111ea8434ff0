import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { allCommands, readingProgram, verbOf } from './commands.ts';
import { literalsOf } from './literals.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

/** A piece of what osha says of itself. */
export interface Text {
  /** Where a reader finds it: `README.md:12`, `help of deploy`, `src/cli/ca.ts:30`. */
  readonly at: string;
  readonly text: string;
  /** `code`: nothing but commands. `mention`: words in backticks. `hint`: a text of the program's. */
  readonly kind: 'prose' | 'code' | 'mention' | 'hint';
  /** What a fenced block says that it holds. */
  readonly language?: string | undefined;
}

function filesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .toSorted();
}

/** The help of every verb, as the program prints it. Its examples are code, a line each. */
export function helpTexts(): readonly Text[] {
  return allCommands(readingProgram()).flatMap((command) => {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 10_000 });
    command.outputHelp();
    const at = `help of ${command.parent ? verbOf(command) : 'osha'}`;
    const [prose = '', ...examples] = help.split(/\n(?:Examples?|Get started):\n/);
    const lines = examples.join('\n').split('\n');
    return [
      // How it is called stands there in general terms.
      { at, text: prose.replace(/^Usage:.*\n/, ''), kind: 'prose' } as const,
      ...lines.map((line): Text => {
        const [shown = ''] = line.trim().split(/ {2,}/);
        return { at, text: shown, kind: line.startsWith('  ') ? 'code' : 'prose' };
      }),
    ];
  });
}

/** What is written for people: README, CONTRIBUTING and docs, as blocks of code, words in backticks, and the rest. */
export function documentTexts(): readonly Text[] {
  return ['README.md', 'CONTRIBUTING.md', ...filesIn('docs', '.md')].flatMap(textsOfMarkdown);
}

function textsOfMarkdown(file: string): readonly Text[] {
  const texts: Text[] = [];
  let block: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of readFileSync(join(ROOT, file), 'utf8').split('\n').entries()) {
    const fence = /^```(\w*)/.exec(line);
    if (fence && block) {
      const { language } = block;
      texts.push({ at: `${file}:${block.line}`, text: block.lines.join('\n'), kind: 'code', language });
      block = undefined;
    } else if (fence) {
      block = { language: fence[1] ?? '', line: index + 2, lines: [] };
    } else if (block) {
      block.lines.push(line);
    } else {
      const at = `${file}:${index + 1}`;
      for (const [, text = ''] of line.matchAll(/`([^`]+)`/g)) texts.push({ at, text, kind: 'mention' });
      texts.push({ at, text: line.replaceAll(/`[^`]+`/g, '`'), kind: 'prose' });
    }
  }
  return texts;
}

/** The comments of the inventories that come with osha. */
export function inventoryTexts(): readonly Text[] {
  return filesIn('inventory', '.yaml').flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index): readonly Text[] => {
        const comment = /^\s*# ?(.*)$/.exec(line)?.[1];
        if (comment === undefined) return [];
        return [
          { at: `${file}:${index + 1}`, text: comment, kind: /^ {2}/.test(comment) ? 'code' : 'prose' },
        ];
      }),
  );
}

/** Every text in the program itself. */
export function programTexts(): readonly Text[] {
  return ['src', 'playbooks']
    .flatMap((folder) => filesIn(folder, '.ts'))
    .flatMap((file) =>
      literalsOf(join(ROOT, file)).map(({ line, text }): Text => ({
        at: `${file}:${line}`,
        text,
        kind: 'hint',
      })),
    );
}

import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkInventory, loadInventory } from '../../src/inventory/load.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { GOOD } from './good.ts';
import { options } from './sections.ts';

const folder = folderForAll();

function fileWith(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe('a file that is not an inventory', () => {
  const cases: readonly (readonly [title: string, make: () => string, expected: string])[] = [
    ['that is not there', () => join(folder, 'missing.yaml'), '1:1: no such file'],
    ['below a file', () => join(fileWith('plain', ''), 'x.yaml'), '1:1: no such file'],
    ['that is a folder', () => folder, '1:1: this is a folder'],
    ['that is a device', () => '/dev/zero', '1:1: this is not a regular file'],
    ['that is empty', () => fileWith('empty', ''), '1:1: the file is empty'],
    ['that is a byte order mark only', () => fileWith('bom', '\ufeff'), '1:1: the file is empty'],
    [
      'with a NUL byte',
      () => fileWith('nul', 'name: a\nhosts: \0\n'),
      '2:8: the file contains a NUL byte, so it is not text',
    ],
    [
      'that is not UTF-8',
      () => fileWith('latin1', Buffer.from('name: a\n# caf\xe9\n', 'latin1')),
      '2:6: a byte here is not UTF-8',
    ],
    [
      'in UTF-16',
      () => fileWith('utf16', Buffer.from('\ufeffname: a\n', 'utf16le')),
      '1:1: the file is encoded as UTF-16',
    ],
    [
      'that links to itself',
      () => {
        symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
        return join(folder, 'loop');
      },
      '1:1: the file is a symbolic link to itself',
    ],
    [
      'of 5 MiB',
      () => {
        const file = fileWith('huge', '');
        truncateSync(file, 5 * 1024 * 1024);
        return file;
      },
      '1:1: the file is too large (5.0 MiB)',
    ],
  ];
  it.each(cases)('%s is refused in a sentence', (_title, make, expected) => {
    const { problems, inventory } = loadInventory(make(), options);
    expect(problems.map((found) => `${found.line}:${found.column}: ${found.message}`)).toEqual([expected]);
    expect(inventory).toBeUndefined();
  });

  it('is found through a link, with a byte order mark', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(fileWith('real/inventory.yaml', `\ufeff${GOOD}`), join(folder, 'link.yaml'));
    expect(loadInventory(join(folder, 'link.yaml'), options).problems).toEqual([]);
  });
});

describe('hostile YAML', () => {
  const bomb = `${[...'abcdefghi'].map((name, index, all) => `x-${name}: &${name} [${index === 0 ? 'lol' : `${`*${all[index - 1]}, `.repeat(9)}1`}]`).join('\n')}\nname: *i\n`;
  const cases: readonly (readonly [title: string, text: string])[] = [
    ['indentation 500 deep', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['an alias bomb', bomb],
    [
      'a key called __proto__',
      '__proto__: { name: a }\nhosts: { constructor: { address: 1.2.3.4, __proto__: 1 } }\n',
    ],
    [
      'a host called __proto__',
      'name: a\nhosts: { __proto__: { address: 10.0.0.1, roles: [controller] } }\n',
    ],
    ['a set and a binary', 'name: !!binary aGk=\nhosts: !!set { a, b }\n'],
    ['a directive of another version', '%YAML 9.1\n---\nname: a\n'],
    ['infinite and missing numbers', 'name: .inf\nhosts: .nan\nssh: { port: .nan }\n'],
  ];
  it.each(cases)('%s is refused without an exception', (_title, text) => {
    const { problems, inventory } = checkInventory('i.yaml', text, options);
    expect(inventory).toBeUndefined();
    expect(problems.length).toBeGreaterThan(0);
    for (const found of problems) expect(found.message).toMatch(/^[^\n]{5,300}$/);
  });
});

it.each(['[', '{a: ', '- ', '? '])(
  'nesting by %j is refused before the parser would run out of stack',
  (opening) => {
    const { problems, inventory } = checkInventory('i.yaml', opening.repeat(50_000), options);
    expect(inventory).toBeUndefined();
    expect(problems.map((found) => found.message)).toEqual(['this is nested too deeply']);
  },
);

describe('the good inventory, damaged', { timeout: 60_000 }, () => {
  const survives = (text: string): void => {
    const { problems, inventory } = checkInventory('i.yaml', text, options);
    const errors = problems.filter((found) => found.severity === 'error');
    // Either it loads or it says why not.
    expect(errors.length === 0).toBe(inventory !== undefined);
    const lines = text.split('\n').length;
    expect(problems.every((found) => found.line >= 1 && found.line <= lines && found.column >= 1)).toBe(true);
  };

  it('never throws when it ends early, at any byte', () => {
    for (let end = 0; end <= GOOD.length; end++) survives(GOOD.slice(0, end));
  });

  it('never throws with any one character replaced', () => {
    const replacements = ['', ' ', '\t', '"', '{', '*', ':', '\n', '-'];
    for (let at = 0; at < GOOD.length; at++) {
      const replacement = replacements[at % replacements.length] ?? '';
      survives(GOOD.slice(0, at) + replacement + GOOD.slice(at + 1));
    }
  });

  it('never throws with any one line taken out or written twice', () => {
    const lines = GOOD.split('\n');
    for (let at = 0; at < lines.length; at++) {
      survives(lines.toSpliced(at, 1).join('\n'));
      survives(lines.toSpliced(at, 0, lines[at] ?? '').join('\n'));
    }
  });
});

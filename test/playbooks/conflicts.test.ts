import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { playbooks } from '../../playbooks/index.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { platformIds } from '../../src/platform/index.ts';

const FOLDER = join(import.meta.dirname, 'conflicts');

/** Each file begins with what has to be said about it: `# LINE:COLUMN: severity: message`, one line for each. */
function expectationsOf(file: string): readonly string[] {
  const lines = readFileSync(join(FOLDER, file), 'utf8').split('\n');
  return lines.filter((line) => /^# \d+:\d+: /.test(line)).map((line) => line.slice(2));
}

describe('choices that do not go together', () => {
  it.each(readdirSync(FOLDER))('%s is told at its place, with the reason and what to do', (file) => {
    const { problems } = loadInventory(join(FOLDER, file), { playbooks, platforms: platformIds });
    const told = problems.filter((found) => found.severity !== 'advice');
    expect(told.map((found) => `${found.line}:${found.column}: ${found.severity}: ${found.message}`)).toEqual(
      expectationsOf(file),
    );
    expect(told.filter((found) => found.hint === undefined)).toEqual([]);
  });
});

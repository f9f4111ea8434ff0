import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const TESTS = import.meta.dirname;

/** Modules that a test file loads, without those of types only. */
function loadedBy(file: string): readonly string[] {
  const code = readFileSync(file, 'utf8').replaceAll(/import type [^;]*;/g, '');
  return [...code.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

/** Whether a file of the tests starts processes: itself, or by what it imports from among the tests. */
function startsProcesses(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  return loadedBy(file).some((name) => {
    if (name === 'node:child_process') return true;
    const imported = resolve(dirname(file), name);
    return imported.startsWith(`${TESTS}/`) && existsSync(imported) && startsProcesses(imported, seen);
  });
}

it('a unit test starts no process: what needs a shell is named *.shell.test.ts', () => {
  const unit = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !/\.(shell|contract|lab)\.test\.ts$/.test(name))
    // What starts the lab's hosts has unit tests of its own, which start none.
    .filter((name) => !name.startsWith('lab/'));
  expect(unit.length).toBeGreaterThan(50);
  expect(
    unit
      .map((name) => join(TESTS, name))
      .filter((file) => startsProcesses(file))
      .map((file) => relative(TESTS, file)),
  ).toEqual([]);
});

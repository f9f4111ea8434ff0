import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadInventory } from '../../src/inventory/load.ts';
import { options } from './sections.ts';

const FOLDER = join(import.meta.dirname, 'broken');
const files = readdirSync(FOLDER);

/** Each file begins with what has to be said about it: `# LINE:COLUMN: severity: message`, one line for each mistake. */
function expectationsOf(file: string): readonly string[] {
  const lines = readFileSync(join(FOLDER, file), 'utf8').split('\n');
  return lines.filter((line) => /^# \d+:\d+: /.test(line)).map((line) => line.slice(2));
}

describe('a broken inventory', () => {
  it.each(files)('%s is reported at its position, completely and without false mistakes', (file) => {
    const loaded = loadInventory(join(FOLDER, file), options);
    const told = loaded.problems.map(
      (found) => `${found.line}:${found.column}: ${found.severity}: ${found.message}`,
    );
    expect(told).toEqual(expectationsOf(file));
    expect(loaded.problems.some((found) => found.severity === 'error')).toBe(true);
    expect(loaded.inventory).toBeUndefined();
  });

  it('nearly always gets a hint what to write instead', () => {
    const problems = files.flatMap((file) => loadInventory(join(FOLDER, file), options).problems);
    const without = problems.filter((found) => found.hint === undefined).map((found) => found.message);
    expect(without).toEqual([
      'stop_command: expected a command, found ""',
      'address: expected an address, found ""',
      'interface: expected the name of an interface, found ""',
      'name: expected at most 32 letters, digits, "-" and "_", a letter first, found "my cloud"',
      'roles: expected at least one role, found an empty list',
      'port: expected a port from 1 to 65535, found 70000',
      'config: expected true or false or a text, found 5',
      'servers: expected a text or a map, found 5',
      'max_connections: expected a number, found "ten"',
    ]);
  });

  it('comes in at least 45 kinds', () => {
    expect(files.length).toBeGreaterThanOrEqual(45);
  });
});

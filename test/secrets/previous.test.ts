import { inspect } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadSecrets } from '../../src/secrets/load.ts';
import { token, type SecretRules } from '../../src/secrets/rule.ts';
import { rotateSecrets } from '../../src/secrets/write.ts';
import { secretsFolder } from './folder.ts';

const folder = secretsFolder();
afterAll(() => folder.remove());
beforeEach(() => folder.clear());

const rules: SecretRules = { root: token('Root of the database') };

describe('the file of secrets', () => {
  it('remembers the last five values that a rotation replaced, and warns of none of them', async () => {
    folder.write('root: Xk39fLq0ZmW7tRb2\n');
    const replaced: string[] = [];
    for (let round = 0; round < 7; round += 1) {
      const { secrets } = await loadSecrets(folder.inventory, rules);
      replaced.unshift(secrets['root']?.reveal() ?? '');
      await rotateSecrets(folder.inventory, rules, ['root']);
    }
    const loaded = await loadSecrets(folder.inventory, rules);
    expect(loaded.problems).toEqual([]);
    expect(loaded.previous['root']?.values.map((value) => value.reveal())).toEqual(replaced.slice(0, 5));
    expect(loaded.previous['root']?.any).toBe(false);
    expect(JSON.stringify(loaded) + inspect(loaded, { depth: 9 })).not.toContain(replaced[0]);
  });

  it('remembers, of a secret that was missing, that whatever the hosts have is to be replaced', async () => {
    await rotateSecrets(folder.inventory, rules, ['root']);
    expect(folder.read()).toContain('previous:\n  root:\n    - any\n');
    expect((await loadSecrets(folder.inventory, rules)).previous['root']).toEqual({ values: [], any: true });
    await rotateSecrets(folder.inventory, rules, ['root']);
    const { values, any } = (await loadSecrets(folder.inventory, rules)).previous['root'] ?? {};
    expect([values?.length, any]).toEqual([1, true]);
  });

  it('tells a former value that is no text, and uses the others', async () => {
    folder.write('root: Xk39fLq0ZmW7tRb2\nprevious:\n  root: [12345678901234567890, abc]\n');
    const { problems, previous } = await loadSecrets(folder.inventory, rules);
    expect(problems.map(({ severity, message, line }) => [severity, message, line])).toEqual([
      ['warning', 'a former value of root is not a string', 3],
    ]);
    expect(previous['root']?.values.map((value) => value.reveal())).toEqual(['abc']);
  });
});

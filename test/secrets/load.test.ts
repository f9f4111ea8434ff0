import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadSecrets, secretStates } from '../../src/secrets/load.ts';
import { mergeRules, privateKey, token, type SecretRules } from '../../src/secrets/rule.ts';
import { formatProblem } from '../../src/yaml/problem.ts';
import { secretsFolder } from './folder.ts';

const folder = secretsFolder();
afterAll(() => folder.remove());
beforeEach(() => folder.clear());

const rules: SecretRules = {
  databaseRoot: token('Root of the database'),
  erlangCookie: token('The cookie'),
  corosyncKey: { length: 32, alphabet: 'hex', describe: 'The key' },
};
const A = 'Xk39fLq0ZmW7tRb2';
const B = 'nV84hTc1QyUe6sDj';
const HEX = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';

async function told(text: string, mode = 0o600): Promise<readonly string[]> {
  folder.write(text, mode);
  const { problems } = await loadSecrets(folder.inventory, rules);
  return problems.map((found) =>
    formatProblem({ ...found, file: 'F' }).replaceAll(folder.inventory, 'INVENTORY'),
  );
}

describe('secrets next to an inventory', () => {
  it('are all missing, without a problem, where there is no file', async () => {
    const loaded = await loadSecrets(folder.inventory, rules);
    expect(loaded).toMatchObject({ state: 'none', file: folder.plain, problems: [], secrets: {} });
    expect(loaded.missing).toEqual(['databaseRoot', 'erlangCookie', 'corosyncKey']);
  });

  it('are read by name, and what lacks is listed', async () => {
    folder.write(`databaseRoot: ${A}\ncorosyncKey: "${HEX}"\n`);
    const loaded = await loadSecrets(folder.inventory, rules);
    expect(loaded.problems).toEqual([]);
    expect(loaded.secrets['databaseRoot']?.reveal()).toBe(A);
    expect(loaded.secrets['corosyncKey']?.reveal()).toBe(HEX);
    expect(loaded.missing).toEqual(['erlangCookie']);
  });

  it.each([0o644, 0o640, 0o604, 0o620, 0o666])('are refused with mode %o', async (mode) => {
    const problem = `F:1:1: error: this file is accessible to other users (mode ${mode.toString(8)}); chmod 600 ${folder.plain}`;
    expect(await told(`databaseRoot: ${A}\n`, mode)).toEqual([problem]);
  });

  it.each([0o600, 0o400])('are fine with mode %o', async (mode) => {
    expect(await told(`databaseRoot: ${A}\n`, mode)).toEqual([]);
  });

  const cases: readonly (readonly [title: string, text: string, expected: readonly string[]])[] = [
    [
      'an unknown name',
      `databaseRot: ${A}\n`,
      ['F:1:1: warning: nothing needs a secret called "databaseRot"; did you mean "databaseRoot"?'],
    ],
    [
      'a short value',
      '# x\ndatabaseRoot: hunter2\n',
      [
        'F:2:15: error: databaseRoot has 7 characters, fewer than 16; make a new one: osha secrets rotate INVENTORY databaseRoot',
      ],
    ],
    [
      'one character over and over',
      'databaseRoot: aaaaaaaaaaaaaaaaaaaa\n',
      [
        'F:1:15: error: databaseRoot repeats itself; make a new one: osha secrets rotate INVENTORY databaseRoot',
      ],
    ],
    [
      'a word over and over',
      'databaseRoot: hunter42hunter42\n',
      [
        'F:1:15: error: databaseRoot repeats itself; make a new one: osha secrets rotate INVENTORY databaseRoot',
      ],
    ],
    [
      'an obvious word',
      'databaseRoot: MyPassword2024-xyz\n',
      [
        'F:1:15: warning: databaseRoot is easy to guess; make a new one: osha secrets rotate INVENTORY databaseRoot',
      ],
    ],
    [
      'characters that need quotes',
      'databaseRoot: "aB3$kd82\'jsl#q0;9"\n',
      [
        'F:1:15: error: databaseRoot has characters that need quoting in configuration files; use letters, digits, ".", "_" and "-"',
      ],
    ],
    [
      'no hexadecimal',
      `corosyncKey: ${A}\n`,
      [
        'F:1:14: error: corosyncKey has characters other than 0-9 and a-f; make a new one: osha secrets rotate INVENTORY corosyncKey',
      ],
    ],
    [
      'digits without quotes',
      'corosyncKey: 12345678901234567890\n',
      ['F:1:14: error: corosyncKey is read as a number; put it in quotes'],
    ],
    [
      'no value',
      'databaseRoot:\n',
      ['F:1:1: error: databaseRoot has no value; remove the line; osha then generates a value'],
    ],
    [
      'a list',
      'databaseRoot: [a]\n',
      ['F:1:15: error: databaseRoot is not a string; write one string for each name'],
    ],
    [
      'one value twice',
      `databaseRoot: ${A}\nerlangCookie: ${A}\n`,
      ['F:2:15: warning: erlangCookie is the same as databaseRoot; use another value for each'],
    ],
    [
      'a name twice',
      `databaseRoot: ${A}\ndatabaseRoot: ${B}\n`,
      ['F:2:1: error: "databaseRoot" is written twice; it is in line 1 already'],
    ],
    [
      'no names at all',
      '- a\n',
      ['F:1:1: error: expected "name: value" lines; move the file away; osha then generates a new one'],
    ],
    [
      'a quote without end',
      `databaseRoot: "${A}\n`,
      ['F:1:15: error: a quote is opened here and never closed; close it'],
    ],
  ];
  it.each(cases)('%s is reported at its position, without the value', async (_title, text, expected) => {
    expect(await told(text)).toEqual(expected);
  });

  it('never show a value in a problem, whatever is wrong with the file', async () => {
    const texts = [
      `*${A}`,
      `&${A} x`,
      `!${A} x`,
      `"${A}`,
      `[${A}`,
      `@${A}`,
      `${A}: {`,
      `- ${A}`,
      `a: ${A}`,
      `"\\q${A}"`,
      `%${A}`,
      `|${A}`,
    ];
    for (const text of texts) {
      const problems = await told(`databaseRoot: ${text}\n`);
      expect(problems.join()).not.toContain(A.slice(1));
    }
  });

  it('are not followed into a folder, and are found through a link', async () => {
    folder.write(`databaseRoot: ${A}\n`);
    const link = join(folder.path, 'link');
    symlinkSync(folder.path, link);
    const loaded = await loadSecrets(join(link, 'inventory.yaml'), rules);
    expect(loaded.secrets['databaseRoot']?.reveal()).toBe(A);
  });

  it('cannot be printed by accident', async () => {
    folder.write(`databaseRoot: ${A}\n`);
    const loaded = await loadSecrets(folder.inventory, rules);
    expect(
      JSON.stringify(loaded) + inspect(loaded, { depth: 9 }) + String(loaded.secrets['databaseRoot']),
    ).not.toContain(A);
  });

  it('are listed with their state', async () => {
    folder.write(`databaseRoot: ${A}\ncorosyncKey: abc\nother: x\n`);
    const states = secretStates(rules, await loadSecrets(folder.inventory, rules));
    expect(states.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'databaseRoot set',
      'erlangCookie missing',
      'corosyncKey weak',
      'other unknown',
    ]);
  });
});

it('merged rules of several playbooks use the longer one', () => {
  const merged = mergeRules([
    { secrets: { a: token('x', 16), key: privateKey('k', 4096) } },
    {},
    { secrets: { a: token('y', 40), b: token('z'), key: privateKey('k') } },
  ]);
  expect(
    Object.entries(merged).map(([name, rule]) => [name, 'kind' in rule ? rule.bits : rule.length]),
  ).toEqual([
    ['a', 40],
    ['key', 4096],
    ['b', 32],
  ]);
});

describe('a private key', () => {
  const ruled = { tlsAuthority: privateKey('The CA') };
  const short = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  }).privateKey.toString('base64url');
  const { privateKey: curve } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = curve.export({ type: 'pkcs8', format: 'der' }).toString('base64url');
  it.each([
    ['is a word', A, 'tlsAuthority is not an RSA private key'],
    ['is of another kind', other, 'tlsAuthority is not an RSA private key'],
    ['is too short', short, 'tlsAuthority is a key of 1024 bits, fewer than 2048'],
  ])('is refused where it %s', async (_what, value, message) => {
    folder.write(`tlsAuthority: ${value}\n`);
    const { problems } = await loadSecrets(folder.inventory, ruled);
    expect(problems.map((problem) => problem.message)).toEqual([message]);
    expect(JSON.stringify(problems)).not.toContain(value);
  });
});

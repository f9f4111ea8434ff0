import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadSecrets } from '../../src/secrets/load.ts';
import { bitsOf, readPrivateKey } from '../../src/secrets/private-key.ts';
import {
  privateKey,
  token,
  type SecretRules,
  generateSecrets,
  generateValue,
  placeholders,
} from '../../src/secrets/rule.ts';
import { identitiesIn, openSecrets, sealSecrets, type SealKey } from '../../src/secrets/seal.ts';
import { Secret } from '../../src/secrets/secret.ts';
import {
  ensureSecrets,
  rotateSecrets,
  writeSecrets,
  decryptSecrets,
  encryptSecrets,
} from '../../src/secrets/write.ts';
import { secretsFolder } from './folder.ts';

const folder = secretsFolder();
afterAll(() => folder.remove());
beforeEach(() => folder.clear());

const rules: SecretRules = {
  root: token('Root of the database'),
  cookie: token('The cookie', 20),
  key: { length: 64, alphabet: 'hex', describe: 'The key' },
};
const secret = (name: string, value: string): Record<string, Secret> => ({ [name]: new Secret(name, value) });

describe('a generated secret', () => {
  it('has the length and the letters of its rule, and passes the rules for secrets written by hand', async () => {
    folder.write('');
    for (let round = 0; round < 50; round++) {
      const made = generateSecrets(rules);
      expect(made['root']?.reveal()).toMatch(/^[A-Za-z][A-Za-z0-9]{31}$/);
      expect(made['cookie']?.reveal()).toMatch(/^[A-Za-z][A-Za-z0-9]{19}$/);
      expect(made['key']?.reveal()).toMatch(/^[0-9a-f]{64}$/);
    }
    await writeSecrets(folder.plain, generateSecrets(rules));
    expect((await loadSecrets(folder.inventory, rules)).problems).toEqual([]);
  });

  it('prefers no letter', () => {
    const count = new Map<string, number>();
    const drawn = generateValue('distribution', {
      length: 62_001,
      alphabet: 'alphanumeric',
      describe: '',
    }).slice(1);
    for (const letter of drawn) count.set(letter, (count.get(letter) ?? 0) + 1);
    expect(count.size).toBe(62);
    // 1000 of each are expected; a remainder of bytes by 62 would give the first eight letters 1210. Seven deviations.
    expect(Math.max(...count.values())).toBeLessThan(1000 + 7 * 32);
    const firstEight = [...'ABCDEFGH'].reduce((sum, letter) => sum + (count.get(letter) ?? 0), 0);
    expect(firstEight).toBeLessThan(8000 + 7 * 84);
  });

  it('is drawn again where chance spells what would be called easy to guess', () => {
    // One in sixteen of such values has the name in it.
    for (let round = 0; round < 200; round++) {
      const value = generateValue('beef', { length: 4000, alphabet: 'hex', describe: '' });
      expect(value).not.toContain('beef');
    }
  });

  it('is refused where the rule asks for too little', () => {
    expect(() => generateValue('x', token('x', 15))).toThrow(RangeError);
  });

  it('is a key of the size that its rule asks for, one word, and as good when it is read again', async () => {
    const ruled = { tlsAuthority: privateKey('The CA', 2048) };
    folder.write('');
    await writeSecrets(folder.plain, generateSecrets(ruled));
    const { secrets, problems } = await loadSecrets(folder.inventory, ruled);
    expect(problems).toEqual([]);
    const value = secrets['tlsAuthority']?.reveal() ?? '';
    expect(value).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(bitsOf(readPrivateKey(value)!)).toBe(2048);
  });

  it('has a stand-in that reveals its mask only', () => {
    expect(placeholders(rules)['root']?.reveal()).toBe('<secret root>');
  });
});

describe('writing secrets', () => {
  it.each([0, 0o277])(
    'makes the file, for its owner alone to read and write, under umask %o',
    async (mask) => {
      const umask = process.umask(mask);
      try {
        expect(await writeSecrets(folder.plain, secret('root', 'aaaa'), { rules })).toEqual(['root']);
      } finally {
        process.umask(umask);
      }
      expect(folder.mode(folder.plain)).toBe(0o600);
      expect(folder.read()).toMatch(/^# Secrets of[^]*\n# Root of the database\nroot: "aaaa"\n$/);
      expect(folder.list()).toEqual(['secrets.yaml']);
    },
  );

  const REMEMBERED =
    '# What was replaced, newest first. A deployment recognises hosts that still have it, and nothing else uses it.\n';
  const cases: readonly (readonly [
    title: string,
    before: string,
    replace: readonly string[],
    after: string,
  ])[] = [
    ['appends missing secrets', '# mine\nroot: abc # why\n', [], '# mine\nroot: abc # why\nnew: "1e5"\n'],
    ['adds to a file without a newline at its end', 'root: abc', [], 'root: abc\nnew: "1e5"\n'],
    ['keeps present values', 'new: old\n', [], 'new: old\n'],
    [
      'replaces only the given names, and no comment',
      '# a\nnew:   old  # b\n\nroot: abc\n',
      ['new'],
      `# a\nnew:   "1e5"  # b\n\nroot: abc\n${REMEMBERED}previous:\n  new:\n    - "old"\n`,
    ],
    [
      'replaces a value in quotes',
      'new: \'old: "x"\'\n',
      ['new'],
      `new: "1e5"\n${REMEMBERED}previous:\n  new:\n    - "old: \\"x\\""\n`,
    ],
    [
      'remembers the newest former value first, wherever they stand, and leaves those of others',
      'previous: # mine\n  other: [a]\n  new: b\n# below\nnew: c\n',
      ['new'],
      'previous:\n  other:\n    - "a"\n  new:\n    - "c"\n    - "b"\n# below\nnew: "1e5"\n',
    ],
    [
      'remembers in a map in braces',
      '{ new: old }\n',
      ['new'],
      '{ new: "1e5", previous: { new: [ old ] } }\n',
    ],
    ['replaces a missing value', 'new:\n', ['new'], 'new: "1e5"\n'],
    ['adds to a map in braces', '{ root: abc }\n', [], '{ root: abc, new: "1e5" }\n'],
    ['adds before an end marker', 'root: abc\n...\n', [], 'root: abc\nnew: "1e5"\n'],
    ['adds to a file of comments', '# nothing\n', [], '# nothing\nnew: "1e5"\n'],
  ];
  it.each(cases)('%s', async (_title, before, replace, after) => {
    folder.write(before);
    await writeSecrets(folder.plain, secret('new', '1e5'), { replace });
    expect(folder.read().replace(/\n\.\.\.\n$/, '\n')).toBe(after);
  });

  it('leaves a link and replaces what it leads to', async () => {
    const real = join(folder.path, 'real.yaml');
    writeFileSync(real, 'root: abc\n');
    symlinkSync(real, folder.plain);
    await writeSecrets(folder.plain, secret('new', 'value'));
    expect(lstatSync(folder.plain).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain('new: "value"');
    renameSync(real, `${real}.done`);
  });

  it('leaves the old file, and nothing else, where it cannot replace it', async () => {
    const target = join(folder.path, 'sub');
    mkdirSync(join(target, 'secrets.yaml'), { recursive: true });
    await expect(writeSecrets(join(target, 'secrets.yaml'), secret('new', 'x'))).rejects.toThrow(
      'this is a folder',
    );
    folder.write('root: [\n');
    await expect(writeSecrets(folder.plain, secret('new', 'x'))).rejects.toThrow('never closed');
    expect(folder.read()).toBe('root: [\n');
  });

  it('generates missing secrets once', async () => {
    folder.write('root: Xk39fLq0ZmW7tRb2\n');
    const first = await ensureSecrets(folder.inventory, rules);
    expect(first.generated).toEqual(['cookie', 'key']);
    const second = await ensureSecrets(folder.inventory, rules);
    expect(second.generated).toEqual([]);
    expect(second.secrets['key']?.reveal()).toBe(first.secrets['key']?.reveal());
    expect(second.secrets['root']?.reveal()).toBe('Xk39fLq0ZmW7tRb2');
  });

  it('generates nothing into a file that has errors', async () => {
    folder.write('root: short\n');
    expect((await ensureSecrets(folder.inventory, rules)).generated).toEqual([]);
    expect(folder.read()).toBe('root: short\n');
  });

  it('rotates weak secrets, and only the ones named', async () => {
    folder.write('root: short\ncookie: Xk39fLq0ZmW7tRb2\n');
    expect(await rotateSecrets(folder.inventory, rules, ['root'])).toEqual(['root']);
    const { secrets, problems } = await loadSecrets(folder.inventory, rules);
    expect(problems).toEqual([]);
    expect(secrets['cookie']?.reveal()).toBe('Xk39fLq0ZmW7tRb2');
    await expect(rotateSecrets(folder.inventory, rules, ['rot'])).rejects.toThrow('unknown secret: rot');
  });
});

describe('sealing secrets', { timeout: 30_000 }, () => {
  const passphrase = { passphrase: 'correct horse battery staple' };
  const unlockWith = (key: SealKey) => ({ unlock: async () => key });

  it.each(['passphrase', 'recipient'])('for a %s: opens with that key and no other', async (kind) => {
    const identity = await generateIdentity();
    const target = kind === 'passphrase' ? passphrase : { recipients: [await identityToRecipient(identity)] };
    const key = kind === 'passphrase' ? passphrase : { identities: [identity] };
    const sealed = await sealSecrets('root: abc # ü\n', target, 10);
    expect(sealed).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----/);
    expect(sealed).not.toContain('abc');
    expect(await openSecrets(Buffer.from(sealed), key)).toContain('root: abc # ü\n');
    const strangers: readonly SealKey[] = [
      { passphrase: 'wrong' },
      { identities: [await generateIdentity()] },
    ];
    for (const stranger of strangers) {
      await expect(openSecrets(Buffer.from(sealed), stranger)).rejects.toThrow(
        'cannot be opened with this key',
      );
    }
  });

  it('tells damage, unsealed files and invalid keys apart', async () => {
    const sealed = await sealSecrets('root: abc\n', passphrase, 10);
    const lines = sealed.split('\n');
    const middle = lines.length - 3;
    const damaged = lines.with(
      middle,
      (lines[middle] ?? '').replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A')),
    );
    await expect(openSecrets(Buffer.from(damaged.join('\n')), passphrase)).rejects.toThrow('damaged');
    await expect(openSecrets(Buffer.from('root: abc\n'), passphrase)).rejects.toThrow('not an age file');
    await expect(openSecrets(Buffer.from(sealed), { identities: ['x'] })).rejects.toThrow(
      'not an age identity',
    );
    await expect(sealSecrets('x', { recipients: ['bob'] })).rejects.toThrow('invalid age recipients: bob');
    expect(() => identitiesIn('# created: today\n')).toThrow('this file holds no age identity');
    expect(identitiesIn('# created: today\nAGE-SECRET-KEY-1X\n')).toEqual(['AGE-SECRET-KEY-1X']);
  });

  it('turns the file into a sealed one and back, and works on while sealed, for all who could open it', async () => {
    const identities = [await generateIdentity(), await generateIdentity()];
    const recipients = await Promise.all(identities.map((identity) => identityToRecipient(identity)));
    const [mine = '', other = ''] = identities;
    folder.write('# note\nroot: Xk39fLq0ZmW7tRb2\n');
    expect(await encryptSecrets(folder.inventory, { recipients })).toBe(folder.sealed);
    expect(existsSync(folder.plain)).toBe(false);
    expect(folder.mode(folder.sealed)).toBe(0o600);

    const locked = await loadSecrets(folder.inventory, rules);
    expect(locked.problems.map((found) => found.message)).toEqual(['the secrets are sealed']);
    const { generated } = await ensureSecrets(folder.inventory, rules, unlockWith({ identities: [mine] }));
    expect(generated).toEqual(['cookie', 'key']);
    expect(
      await rotateSecrets(folder.inventory, rules, ['cookie'], unlockWith({ identities: [mine] })),
    ).toEqual(['cookie']);

    const loaded = await loadSecrets(folder.inventory, rules, unlockWith({ identities: [other] }));
    expect(loaded.problems).toEqual([]);
    expect(Object.keys(loaded.secrets)).toEqual(['root', 'cookie', 'key']);
    expect(await decryptSecrets(folder.inventory, { identities: [other] })).toBe(folder.plain);
    expect(existsSync(folder.sealed)).toBe(false);
    expect(folder.mode(folder.plain)).toBe(0o600);
    expect(folder.read()).toMatch(/^# note\nroot: Xk39fLq0ZmW7tRb2\n/);
    await expect(decryptSecrets(folder.inventory, { identities: [other] })).rejects.toThrow('not sealed');
  });

  it('refuses to guess where there is a plain and a sealed file', async () => {
    folder.write('root: Xk39fLq0ZmW7tRb2\n');
    writeFileSync(folder.sealed, 'x');
    const { problems } = await loadSecrets(folder.inventory, rules);
    expect(problems.map((found) => found.hint)).toEqual(['remove the one that is out of date']);
    await expect(encryptSecrets(folder.inventory, passphrase)).rejects.toThrow('there are');
    await expect(rotateSecrets(folder.inventory, rules, ['root'])).rejects.toThrow('there is');
  });

  it('asks for the key once, and says so when it is wrong', async () => {
    writeFileSync(folder.sealed, await sealSecrets('root: abc\n', passphrase, 10));
    chmodSync(folder.sealed, 0o644);
    expect(statSync(folder.sealed).mode & 0o777).toBe(0o644);
    let asked = 0;
    const unlock = async (): Promise<SealKey> => {
      asked++;
      return { passphrase: 'wrong' };
    };
    const { problems } = await loadSecrets(folder.inventory, rules, { unlock });
    expect(problems.map((found) => `${found.message}; ${found.hint ?? ''}`)).toEqual([
      'the secrets cannot be opened with this key; check the passphrase',
    ]);
    expect(asked).toBe(1);
  });
});

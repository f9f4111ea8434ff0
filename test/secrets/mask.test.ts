import { Buffer } from 'node:buffer';
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { maskedDiffTexts } from '../../src/secrets/masked-diff.ts';
import { createMasker } from '../../src/secrets/masker.ts';
import { newPrivateKey } from '../../src/secrets/private-key.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { text } from '../../src/secrets/text.ts';
import { cpuTimeMs } from '../support/cpu-time.ts';

const VALUE = 'k9/Rt+2=xQ&w7 Zp"4mL';
const database = new Secret('databaseRoot', VALUE);
const longer = new Secret('longer', `${VALUE}andmore`);
/** All but the last character of the first of many secrets. */
const NEARLY = createHash('sha256').update('0').digest('base64url').slice(0, -1);
const base64 = (value: string): string => Buffer.from(value).toString('base64');

describe('the masker', () => {
  const mask = createMasker([database, longer]);
  const cases: readonly (readonly [title: string, text: string, expected: string])[] = [
    ['the value itself', `a ${VALUE} b ${VALUE}`, 'a <secret databaseRoot> b <secret databaseRoot>'],
    ['the longer of two that begin alike', `${VALUE}andmore!`, '<secret longer>!'],
    ['a URL', `rabbit://u:${encodeURIComponent(VALUE)}@h`, 'rabbit://u:<secret databaseRoot>@h'],
    ['JSON', JSON.stringify({ a: VALUE }), '{"a":"<secret databaseRoot>"}'],
    ['base64', `x ${base64(VALUE)} y`, 'x <secret databaseRoot> y'],
    ['nothing else', 'a plain line', 'a plain line'],
    ['a value in colour', `a k9/R\u001b[1mt+2=xQ&w7 \u001b[0mZp"4mL b`, 'a <secret databaseRoot> b'],
    ['a value with a title inside', `k9/Rt+2=\u001b]0;x\u0007xQ&w7 Zp"4mL`, '<secret databaseRoot>'],
    ['a value with unseen characters', `k9/\u200bRt+2=xQ\u00ad&w7 Zp"4mL\r`, '<secret databaseRoot>\r'],
    ['UTF-16', Buffer.from(`a ${VALUE}`, 'utf16le').toString('utf8'), 'a\0 \0<secret databaseRoot>\0'],
    ['hex', `x ${Buffer.from(VALUE).toString('hex')} y`, 'x <secret databaseRoot> y'],
    ['hex in capitals', Buffer.from(VALUE).toString('hex').toUpperCase(), '<secret databaseRoot>'],
    ['base64 of base64', base64(base64(VALUE)), '<secret databaseRoot>Q=='],
    ['base64 in two lines', base64(VALUE).replace(/^(.{10})/, '$1\n  '), '<secret databaseRoot>'],
    ['a value in two lines', `"k9/Rt+2=\n    xQ&w7 Zp"4mL"`, '"<secret databaseRoot>"'],
    ['an escape sequence where there is no secret', 'a \u001b[2J b', 'a \u001b[2J b'],
  ];
  it.each(cases)('finds %s', (_title, given, expected) => {
    expect(mask(given)).toBe(expected);
  });

  it.each(['u', 'us', 'use', 'user'])(
    'finds it in the base64 of a login "%s:value", and before more text',
    (user) => {
      const masked = mask(`Authorization: Basic ${base64(`${user}:${VALUE}:more`)}`);
      expect(masked).toContain('<secret databaseRoot>');
      const left = masked.replace('<secret databaseRoot>', ' ').split(' ').slice(2);
      // What is left must decode to nothing of the value but a part of its first or last character.
      expect(left.map((piece) => Buffer.from(piece, 'base64').toString('latin1')).join('')).not.toContain(
        VALUE.slice(0, 2),
      );
    },
  );

  it('finds a key in PEM, line by line', () => {
    const value = newPrivateKey(2048);
    const key = createPrivateKey({ key: Buffer.from(value, 'base64url'), type: 'pkcs8', format: 'der' });
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
    const masked = createMasker([new Secret('tlsAuthority', value)])(pem).replace(/=+$/m, '');
    expect(masked.trim().split('\n').slice(1, -1)).toEqual(
      pem
        .trim()
        .split('\n')
        .slice(1, -1)
        .map(() => '<secret tlsAuthority>'),
    );
  });

  it.each(['utf16le', 'utf8'] as const)('finds it in the base64 of a text in %s', (encoding) => {
    const masked = mask(Buffer.from(`user:${VALUE}:more`, encoding).toString('base64'));
    expect(masked).toContain('<secret databaseRoot>');
  });

  const rsa = createPrivateKey({
    key: Buffer.from(newPrivateKey(2048), 'base64url'),
    type: 'pkcs8',
    format: 'der',
  });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  it.each([
    ['PKCS#1, of a key in base64url', rsa, 'pkcs1'],
    ['PKCS#8, of a key in base64url', rsa, 'pkcs8'],
    ['SEC 1, of a key in PEM', ec, 'sec1'],
    ['PKCS#8, of a key in PEM', ec, 'pkcs8'],
  ] as const)('finds a key in %s, in lines of any length', (_, key, type) => {
    const value =
      key === rsa
        ? key.export({ type: 'pkcs8', format: 'der' }).toString('base64url')
        : key.export({ type: 'pkcs8', format: 'pem' }).toString();
    const masker = createMasker([new Secret('key', value)]);
    const der = key.export({ type: type as 'pkcs8', format: 'der' }).toString('base64');
    for (const columns of [40, 64, 76, 10_000]) {
      const lines = der.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
      expect(masker(`BEGIN\n${lines.join('\n')}\nEND`)).not.toMatch(/[A-Za-z0-9+/]{9}/);
    }
    // Line by line, as a command prints them.
    for (const line of (der.match(/.{64}/g) ?? []).map(masker)) expect(line).toBe('<secret key>');
  });

  it('masks values derived from a secret, even after the masker was created', () => {
    const seed = new Secret('seed', 'SeedSeedSeedSeed');
    const masker = createMasker([seed]);
    expect(masker('SeedSeed x')).toBe('SeedSeed x');
    const half = seed.derive((value) => value.slice(0, 8));
    const hash = half.derive((value) => `*${Buffer.from(value).toString('hex')}`, 'hash of seed');
    expect(masker(`SeedSeedSeedSeed ${half.reveal()} ${hash.reveal()}`)).toBe(
      '<secret seed> <secret seed> <secret hash of seed>',
    );
  });

  it('masks what it learns later', () => {
    const masker = createMasker([]);
    masker.learn([new Secret('late', 'LateLateLateLate')]);
    expect(masker('a LateLateLateLate')).toBe('a <secret late>');
  });

  it.each([
    ['ordinary text', 'the quick brown fox jumps over the lazy dog\n'],
    ['what nearly is a secret', `${NEARLY}\n`],
    ['escape sequences', '\u001b[1m\u001b[0m'],
    ['escape sequences without an end', '\u001b]0;\u001b[1;1;1'],
    ['blank lines', ' \n'],
    ['blanks', ' '],
    ['lines of blanks', `\n${' '.repeat(100_000)}`],
    ['one long line', 'x'],
    ['secrets', `${NEARLY}Q `],
  ])('takes a time that grows with %s, and not with its square', (_, piece) => {
    const masker = createMasker(
      Array.from(
        { length: 60 },
        (_unused, index) =>
          new Secret(`s${index}`, createHash('sha256').update(`${index}`).digest('base64url')),
      ),
    );
    masker('');
    const started = performance.now();
    masker(piece.repeat(Math.ceil((1024 * 1024) / piece.length)));
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('leaves every text alone without secrets, and with an empty one', () => {
    expect(createMasker([])('abc')).toBe('abc');
    expect(createMasker([new Secret('none', '')])('abc')).toBe('abc');
  });

  it('masks a short value only in its plain form', () => {
    const short = createMasker([new Secret('pin', 'abc')]);
    expect(short(`abc ${base64('abc')}`)).toBe(`<secret pin> ${base64('abc')}`);
  });
});

describe('the texts of a masked difference', () => {
  const root = new Secret('root', 'NewNewNewNewNewNew');
  const cookie = new Secret('cookie', 'CookieCookieCookie');
  const after = text`[client]
user = root
password = ${root}
url = mysql://app:${root}@db1,app:${root}@db2/x
ports = 1
`;
  const cases: readonly (readonly [title: string, before: string, expected: string])[] = [
    ['an old value where the new one goes', 'password = hunter2hunter2', 'password = <former secret root>'],
    ['the same value', 'password = NewNewNewNewNewNew', 'password = <secret root>'],
    ['an old value with other spaces', '  password=hunter2', '  password=<former secret root>'],
    [
      'two old values of one line',
      'url = mysql://app:a1@db1,app:b2@db2/x',
      'url = mysql://app:<former secret root>@db1,app:<former secret root>@db2/x',
    ],
    ['another telling key', 'auth_pass 1234abcd', 'auth_pass <masked>'],
    ['a telling key with a colon', '  api_token: "abc"', '  api_token: <masked>'],
    ['a comment, which is no setting', '# it was hunter2 before', '<masked>'],
    ['SQL', "CREATE USER x IDENTIFIED BY 'hunter2';", 'CREATE <masked>'],
    ['a setting of a name that tells nothing', 'seed = hunter2hunter2', 'seed = <masked>'],
    ['YAML of another shape', '    - "hunter2hunter2"', '    - <masked>'],
    ['JSON in one line', '{"root":"hunter2","x":{"y":"hunter3"}}', '<masked>'],
    ['a value that goes on', '  continued-hunter2', '  <masked>'],
    ['a section', '[server]', '[server]'],
    ['structure', '  },', '  },'],
    [
      'a login in a URL',
      'ports = rabbit://u:p@h1:5672,u:p@h2:5672/',
      'ports = rabbit://<masked>@h1:5672,<masked>@h2:5672/',
    ],
    ['a known value anywhere', 'foo NewNewNewNewNewNew', 'foo <secret root>'],
    ['a line that stays', 'user = root', 'user = root'],
    ['an ordinary line', 'ports = 2', 'ports = 2'],
    ['a telling key without a value', 'password =', 'password ='],
    ['a line too long to be read', `x${'y'.repeat(3000)}`, '<masked>'],
  ];
  it.each(cases)('show %s', (_title, before, expected) => {
    expect(maskedDiffTexts(before, after)).toEqual({ before: expected, after: after.masked() });
  });

  it('mask every line of a file that is nothing but a secret', () => {
    const { before } = maskedDiffTexts('OLDCOOKIE\n\nsecond line\n', text`${cookie}\n`);
    expect(before).toBe('<former secret cookie>\n\n<former secret cookie>\n');
  });

  it('leave a file without secrets unchanged', () => {
    expect(maskedDiffTexts('key_buffer = 1', text`key_buffer = 2`)).toEqual({
      before: 'key_buffer = 1',
      after: 'key_buffer = 2',
    });
  });

  it('stay quick on a hostile line', () => {
    const hostile = `url = mysql://app:${' @db1,app:'.repeat(190)}`;
    expect(cpuTimeMs(() => void maskedDiffTexts(hostile, after))).toBeLessThan(1000);
  });
});

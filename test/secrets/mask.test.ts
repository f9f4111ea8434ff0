import { Buffer } from 'node:buffer';
import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createMasker, maskedDiffTexts } from '../../src/secrets/mask.ts';
import { newPrivateKey } from '../../src/secrets/private-key.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { text } from '../../src/secrets/text.ts';
import { cpuTimeMs } from '../support/cpu-time.ts';

const VALUE = 'k9/Rt+2=xQ&w7 Zp"4mL';
const database = new Secret('databaseRoot', VALUE);
const longer = new Secret('longer', `${VALUE}andmore`);
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

  it('leaves every text alone without secrets, and with an empty one', () => {
    expect(createMasker([])('abc')).toBe('abc');
    expect(createMasker([new Secret('none', '')])('abc')).toBe('abc');
  });

  it('masks a short value only as it is', () => {
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
    ['a comment that holds one', '# old password=hunter2', '# old password=<masked>'],
    ['SQL', "CREATE USER x IDENTIFIED BY 'hunter2';", 'CREATE USER x IDENTIFIED BY <masked>'],
    [
      'a login in a URL',
      'broker = rabbit://u:p@h1:5672,u:p@h2:5672/',
      'broker = rabbit://<masked>@h1:5672,<masked>@h2:5672/',
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

  it('leave a file without secrets as it is', () => {
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

import { describe, expect, it } from 'vitest';
import { ini, type IniSections } from '../../src/operations/ini.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { text } from '../../src/secrets/text.ts';

const HEAD = '# Placed by osha.\n';
const password = new Secret('novaDatabase', 'gW3rt7zUi9oPlM2n');

describe('an INI file', () => {
  const cases: readonly (readonly [string, IniSections, string])[] = [
    [
      'has its sections and keys in the order in which they are given',
      { DEFAULT: { b: 'x', a: 'y' }, database: { connection: 'z' } },
      '\n[DEFAULT]\nb = x\na = y\n\n[database]\nconnection = z\n',
    ],
    [
      'has numbers and booleans, also those that are zero or false',
      { api: { workers: 0, timeout: 0.5, tries: -1, debug: false, enabled: true } },
      '\n[api]\nworkers = 0\ntimeout = 0.5\ntries = -1\ndebug = false\nenabled = true\n',
    ],
    [
      'has lists with commas between',
      { cache: { servers: ['192.0.2.11:11211', text`192.0.2.12:${11211}`], one: ['a'], none: [] } },
      '\n[cache]\nservers = 192.0.2.11:11211,192.0.2.12:11211\none = a\nnone = \n',
    ],
    ['omits undefined values, and keeps empty ones', { api: { a: undefined, b: '' } }, '\n[api]\nb = \n'],
    [
      'lacks a section in which nothing is set',
      { empty: {}, unset: { a: undefined }, api: { a: 'x' } },
      '\n[api]\na = x\n',
    ],
    ['is one line where nothing is set at all', {}, ''],
  ];
  it.each(cases)('%s', (_name, sections, expected) => {
    expect(ini(sections).reveal()).toBe(HEAD + expected);
  });

  it('shows secrets by their names only, wherever they stand', () => {
    const file = ini({
      nova: {
        password,
        connection: text`mysql+pymysql://nova:${password}@192.0.2.21/nova`,
        brokers: [password, text`b:${password}`],
      },
    });
    expect(String(file)).toBe(
      `${HEAD}
[nova]
password = <secret novaDatabase>
connection = mysql+pymysql://nova:<secret novaDatabase>@192.0.2.21/nova
brokers = <secret novaDatabase>,b:<secret novaDatabase>
`,
    );
    expect(file.reveal()).toBe(String(file).replaceAll('<secret novaDatabase>', password.reveal()));
  });

  const injections: readonly (readonly [string, IniSections, string])[] = [
    ['a value', { api: { region: 'one\ndebug = true' } }, '"region" in "[api]"'],
    ['a value that an old Mac would break', { api: { region: 'one\rdebug = true' } }, '"region" in "[api]"'],
    ['an item of a list', { api: { hosts: ['a', 'b\nc = d'] } }, '"hosts" in "[api]"'],
    [
      'a secret, which is not shown',
      { api: { password: new Secret('a', 'gW3rt7\nzUi9') } },
      '"password" in "[api]"',
    ],
    ['a part of a text', { api: { url: text`http://${'a\nb'}` } }, '"url" in "[api]"'],
    ['a key', { api: { 'a = 1\nb': 'x' } }, '"a = 1\\nb" in "[api]"'],
    ['a section', { 'a]\nb = 1\n[c': { key: 'x' } }, '"key" in "[a]\\nb = 1\\n[c]"'],
  ];
  it.each(injections)('cannot be given another line by %s', (_what, sections, place) => {
    expect(() => ini(sections)).toThrow(`${place} holds a line break, which an INI file cannot hold`);
  });
});

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkInventory } from '../../src/inventory/load.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { options } from './sections.ts';

const folder = folderForAll();

function key(name: string, mode: number, content = '-----BEGIN OPENSSH PRIVATE KEY-----\n'): void {
  writeFileSync(join(folder, name), content);
  chmodSync(join(folder, name), mode);
}
key('good', 0o600);
key('open', 0o644);
key('closed', 0o000);
key('public.pub', 0o644, 'ssh-ed25519 AAAA me\n');
key('empty', 0o600, '');

function told(ssh: string): readonly string[] {
  const yaml = `ssh: ${ssh}\nname: a\nhosts: { h1: { address: 10.0.0.1, roles: [compute] } }\n`;
  const { problems } = checkInventory(join(folder, 'inventory.yaml'), yaml, options);
  return problems.map((found) =>
    `${found.column}: ${found.severity}: ${found.message}; ${found.hint ?? ''}`.replaceAll(folder, 'DIR'),
  );
}

describe('the files that a login needs', () => {
  const cases: readonly (readonly [title: string, ssh: string, expected: readonly string[]])[] = [
    ['a private key next to the inventory', '{ identity: good }', []],
    ['a private key by its whole path', `{ identity: ${join(folder, 'good')} }`, []],
    ['an empty key, which ssh itself will refuse', '{ identity: empty }', []],
    [
      'a key that others can read',
      '{ identity: open }',
      ['18: warning: open is readable by other users; chmod 600 DIR/open'],
    ],
    [
      'a public key',
      '{ identity: ./public.pub }',
      ['18: error: ./public.pub is a public key; write the private one, without .pub'],
    ],
    ['no file', '{ identity: none }', ['18: warning: no such file: none; expected at DIR/none']],
    ['a folder', '{ identity: . }', ['18: error: . is not a file; write the path of a file']],
    [
      "a jump host's key",
      '{ jump: { address: b.example.net, identity: . } }',
      ['50: error: . is not a file; write the path of a file'],
    ],
    [
      'no file for the configuration of ssh',
      '{ config: none }',
      ['16: warning: no such file: none; expected at DIR/none'],
    ],
    ['a folder for it', '{ config: . }', ['16: error: . is not a file; write the path of a file']],
    [
      'one of several known_hosts',
      '{ known_hosts: [good, none] }',
      ['28: warning: no such file: none; expected at DIR/none'],
    ],
  ];
  it.each(cases)('%s', (_title, ssh, expected) => {
    expect(told(ssh)).toEqual(expected);
  });

  it.skipIf(process.getuid?.() === 0)('a key that may not be read is an error', () => {
    expect(told('{ identity: closed }')).toEqual([
      '18: error: closed is not readable by you; check its owner and mode',
    ]);
  });
});

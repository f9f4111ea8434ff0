import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HostKeys, knownHostName, knownHosts } from '../../src/transport/host-keys.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { cpuTimeMs } from '../support/cpu-time.ts';

const folder = folderForAll();
let number = 0;
function file(...lines: readonly string[]): string {
  const path = join(folder, `known_hosts.${(number += 1)}`);
  writeFileSync(path, lines.join('\n'));
  return path;
}

/** A public key in wire format: its type, and bytes that make it unique. */
function wire(type: string, rest: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type + rest)]);
}
const line = (names: string, key: Buffer, type = 'ssh-ed25519'): string =>
  `${names} ${type} ${key.toString('base64')} a comment`;

describe('a line of known_hosts', () => {
  it.each([
    { names: '192.0.2.1', wanted: '192.0.2.1', is: true },
    { names: '192.0.2.1', wanted: '192.0.2.10', is: false },
    { names: 'web,192.0.2.1', wanted: '192.0.2.1', is: true },
    { names: 'Web.Example', wanted: 'web.example', is: true },
    { names: '192.0.2.?', wanted: '192.0.2.7', is: true },
    { names: '192.0.2.?', wanted: '192.0.2.77', is: false },
    { names: '*.example', wanted: 'a.b.example', is: true },
    { names: '*.example,!secret.example', wanted: 'secret.example', is: false },
    { names: '!secret.example,*.example', wanted: 'web.example', is: true },
    { names: '[192.0.2.1]:2222', wanted: '[192.0.2.1]:2222', is: true },
    { names: '[192.0.2.1]:2222', wanted: '192.0.2.1', is: false },
    { names: '192.0.2.1', wanted: '[192.0.2.1]:2222', is: false },
    { names: '*', wanted: 'a.b.example', is: true },
    { names: '**.ex*e', wanted: 'a.b.example', is: true },
    { names: 'a*b*c', wanted: 'a.b.b.c', is: true },
    { names: 'a*b*c', wanted: 'a.b.b', is: false },
    { names: 'a*?', wanted: 'a', is: false },
    { names: '192.0x2.1', wanted: '192.0.2.1', is: false },
    { names: '|1|not base64|either', wanted: '192.0.2.1', is: false },
  ])('for $names matches $wanted: $is', ({ names, wanted, is }) => {
    const path = file(line(names, wire('ssh-ed25519', 'a')));
    expect(knownHosts([path], wanted)).toHaveLength(is ? 1 : 0);
  });

  it('is matched in linear time, even with thousands of stars', () => {
    const path = file(line(`${'*a'.repeat(5000)}*b`, wire('ssh-ed25519', 'a')));
    const taken = cpuTimeMs(() => {
      expect(knownHosts([path], 'a'.repeat(200))).toEqual([]);
    });
    expect(taken).toBeLessThan(1000);
  });

  it('is skipped if it is empty, a comment or truncated, but counts for the line number', () => {
    const path = file('', '# web ssh-ed25519 AAAA', 'web', '  ', line('web', wire('ssh-ed25519', 'a')));
    expect(knownHosts(['/nowhere/known_hosts', path], 'web')).toMatchObject([
      { where: `${path}:5`, marker: '' },
    ]);
  });

  it('names the port unless it is 22', () => {
    expect([knownHostName('web', 22), knownHostName('fe80::1', 2222)]).toEqual(['web', '[fe80::1]:2222']);
  });
});

describe('a host key', () => {
  const key = wire('ssh-ed25519', 'own');
  const other = wire('ssh-ed25519', 'other');
  const rsa = wire('ssh-rsa', 'own');
  const judge = (...lines: readonly string[]): unknown =>
    new HostKeys([file(...lines)], 'web', 22).judge(key);

  it('is known if any line has it', () => {
    expect(judge(line('web', other), line('web', key))).toEqual({ kind: 'known' });
  });
  it('is unknown if only other hosts are on record', () => {
    expect(judge(line('db', key))).toMatchObject({ kind: 'unknown' });
  });
  it('has changed if another key of its type is on record, and that line is named', () => {
    const verdict = judge(line('web', rsa, 'ssh-rsa'), line('web', other));
    expect(verdict).toMatchObject({ kind: 'changed', where: expect.stringMatching(/:2$/) as string });
  });
  it('has changed even if only a key of another type is on record: a man in the middle could offer that type', () => {
    expect(judge(line('web', rsa, 'ssh-rsa'))).toMatchObject({ kind: 'changed' });
  });
  it('is revoked even if it is also on record', () => {
    expect(judge(line('web', key), `@revoked ${line('*', key)}`)).toMatchObject({ kind: 'revoked' });
  });
  describe('at another port than 22', () => {
    const at2222 = (...lines: readonly string[]): unknown =>
      new HostKeys([file(...lines)], 'web', 2222).judge(key);
    it.each<[string, readonly string[], string]>([
      ['known by the line with the port', [line('[web]:2222', key)], 'known'],
      ['known by the line without, like in ssh', [line('web', key)], 'known'],
      ['unknown if the line without has another', [line('web', other)], 'unknown'],
      [
        'changed if the line with the port has another',
        [line('[web]:2222', other), line('web', key)],
        'changed',
      ],
      [
        'revoked by the line with the port',
        [line('web', key), `@revoked ${line('[web]:2222', key)}`],
        'revoked',
      ],
      ['revoked by the line without', [line('[web]:2222', key), `@revoked ${line('web', key)}`], 'revoked'],
      ['unknown by the line of a third port', [line('[web]:2200', key)], 'unknown'],
    ])('is %s', (_what, lines, kind) => {
      expect(at2222(...lines)).toMatchObject({ kind });
    });

    it('is negotiated in the type on record without the port', () => {
      const types = new HostKeys([file(line('web', rsa, 'ssh-rsa'))], 'web', 2222).algorithms;
      expect(types[0]).toBe('rsa-sha2-512');
    });
  });

  it('is not trusted through a certificate authority, which is not supported', () => {
    expect(judge(`@cert-authority ${line('*', key)}`)).toMatchObject({ kind: 'unknown' });
  });
  it('is negotiated in the types on record first', () => {
    const types = (...lines: readonly string[]): readonly string[] =>
      new HostKeys([file(...lines)], 'web', 22).algorithms.slice(0, 3);
    expect(types(line('web', rsa, 'ssh-rsa'))).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']);
    expect(types()).toEqual(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384']);
  });
});

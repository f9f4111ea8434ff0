import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shortened } from '../../playbooks/keepalived/files/conf.ts';
import { nativeHash } from '../../src/operations/mysql/accounts.ts';
import { fernetKey } from '../../playbooks/keystone/key-repository.ts';
import { authority } from '../../src/operations/tls/authority.ts';
import { createMasker } from '../../src/secrets/masker.ts';
import { newPrivateKey } from '../../src/secrets/private-key.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { issue } from '../../src/operations/tls/issued.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const password = (): Secret => new Secret('password', 'Wn4Kd81mZqX0tLb7');

describe('what a system is given in the place of a secret is masked like the secret:', () => {
  it.each([
    ['the hash that MariaDB gets', nativeHash],
    ['a key of a Fernet repository', (seed: Secret) => fernetKey({ seed, purpose: 'tokens' }, 1)],
    ['the beginning that keepalived takes', shortened],
  ])('%s', (_, derivedOf) => {
    const secret = password();
    const mask = createMasker([secret]);
    const value = derivedOf(secret).reveal();
    expect(mask(`a ${value} b`)).toBe('a <secret password> b');
  });

  it('the key of a certificate, line by line', async () => {
    const key = new Secret('tlsAuthority', newPrivateKey(2048));
    const mask = createMasker([key]);
    const pem = (await issue(authority('test', key), { names: ['api'], days: 1 }, 1_800_000_000)).reveal();
    const lines = pem.slice(pem.indexOf('-----BEGIN PRIVATE KEY')).trim().split('\n').slice(1, -1);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(mask(line)).toBe('<secret key of api>');
  });
});

it('a secret is only made from another one by derive', () => {
  /** Values of their own: files of the operator's, checksums of whole files, a salt, a password of one drill, what a person types or a host carries. */
  const given = [
    'src/cli/keyring.ts',
    'src/drill/drill.ts',
    'src/operations/file.ts',
    'src/operations/tls/certificate-files.ts',
    'src/operations/tls/placed.ts',
    'src/preflight/adoption.ts',
    'src/preflight/carried.ts',
    'src/secrets/load.ts',
    'src/secrets/previous.ts',
    'src/secrets/rule.ts',
    'src/secrets/secret.ts',
  ];
  const making = ['src', 'playbooks'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file))
      .filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('new Secret(')),
  );
  expect(making.toSorted()).toEqual(given);
});

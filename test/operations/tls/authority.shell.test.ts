import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { authority } from '../../../src/operations/tls/authority.ts';
import { newPrivateKey } from '../../../src/secrets/private-key.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { folderForTest } from '../../support/temporary-folder.ts';
import { EARLIER } from './earlier-release.ts';
import { CA, KEY, keyOf, NAMES, NOW, sample } from './samples.ts';
import { issue } from '../../../src/operations/tls/issued.ts';

const secret = (value: string): Secret => new Secret('tlsAuthority', value);

describe('the CA of a deployment', () => {
  it('has the same certificate every time', () => {
    expect(authority('prod', secret(KEY)).certificate).toBe(CA.certificate);
  });

  it('has the certificate that an earlier release made of the same key', () => {
    expect(authority('prod', secret(EARLIER.key)).certificate).toBe(EARLIER.authority);
  });

  it('differs for another key, and for another deployment', () => {
    const serial = (pem: string): string => new X509Certificate(pem).serialNumber;
    const renewed = authority('prod', secret(newPrivateKey(2048)));
    expect(serial(renewed.certificate)).not.toBe(serial(CA.certificate));
    expect(authority('other', secret(KEY)).certificate).not.toBe(CA.certificate);
  });

  it('signs itself, and says that it is a CA', () => {
    const x509 = new X509Certificate(CA.certificate);
    expect([x509.subject, x509.ca, x509.verify(x509.publicKey)]).toEqual(['CN=osha CA prod', true, true]);
  });

  it('has a placeholder for its certificate where only the mask of its key is known', () => {
    expect(authority('prod', secret('<secret tlsAuthority>')).certificate).toBe(
      '(the certificate of osha CA prod)\n',
    );
  });

  it('rejects a secret that is not a key, without showing it', () => {
    expect(() => authority('prod', secret('hunter2'))).toThrow(
      'the secret tlsAuthority is not a private key',
    );
  });
});

describe('a certificate issued by the CA', () => {
  it('covers its names and addresses, and the requested days, backdated by an hour', async () => {
    const { certificate } = await sample({ days: 90 });
    expect(certificate.names).toEqual([...NAMES].sort());
    expect(certificate.issuer).toBe('osha CA prod');
    expect([certificate.notBefore - NOW, certificate.notAfter - certificate.notBefore]).toEqual([
      -3600,
      90 * 86_400,
    ]);
  });

  it('comes with a new key each time, which only the host gets', async () => {
    const request = { names: NAMES, days: 1 };
    const [one, other] = [await issue(CA, request, NOW), await issue(CA, request, NOW)];
    expect(new X509Certificate(one.reveal()).checkPrivateKey(keyOf(one.reveal()))).toBe(true);
    expect(new X509Certificate(one.reveal()).checkPrivateKey(keyOf(other.reveal()))).toBe(false);
    expect(String(one)).not.toContain('PRIVATE KEY');
  });

  const installed = spawnSync('openssl', ['version']).status === 0;
  const cases: readonly (readonly [string, readonly string[], boolean])[] = [
    ['the address', ['-verify_ip', '192.0.2.20'], true],
    ['the name', ['-verify_hostname', 'controller'], true],
    ['another address', ['-verify_ip', '192.0.2.21'], false],
    ['the use as a CA', ['-purpose', 'crlsign'], false],
  ];
  it.skipIf(!installed).each(cases)(
    'passes or fails strict verification by OpenSSL for %s',
    async (_what, options, good) => {
      const folder = folderForTest();
      const { pem } = await sample();
      writeFileSync(join(folder, 'ca.pem'), CA.certificate);
      writeFileSync(join(folder, 'leaf.pem'), pem);
      const { status, stdout } = spawnSync(
        'openssl',
        [
          ...['verify', '-x509_strict', '-check_ss_sig', '-attime', String(NOW), '-CAfile', 'ca.pem'],
          ...[...options, 'leaf.pem'],
        ],
        { cwd: folder, encoding: 'utf8' },
      );
      expect([status === 0, stdout.includes('OK')]).toEqual([good, good]);
    },
  );
});

import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { KEY } from '../../operations/tls/samples.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { osha } from '../run-cli.ts';

const folder = folderForAll();
const inventory = (file: string, more = ''): void =>
  writeFileSync(
    join(folder, file),
    `name: prod
hosts:
  lb1: { address: 192.0.2.11, roles: [loadbalancer] }
  lb2: { address: 192.0.2.12, roles: [loadbalancer] }
vips: { api: { address: 192.0.2.20/24, interface: eth0, by: keepalived } }
${more}`,
  );
beforeAll(() => {
  inventory('tls.yaml', 'haproxy: { tls: { api: {} } }\n');
  inventory('plain.yaml');
});

describe('osha ca', () => {
  it('reports that there is no CA yet, and generates none', async () => {
    const { exitCode, stdout, stderr } = await osha(folder, 'ca', 'tls.yaml');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('error: there is no CA yet');
    expect(stderr).toContain('osha secrets generate tls.yaml');
    expect(existsSync(join(folder, 'secrets.yaml'))).toBe(false);
  });

  it('prints the certificate of the existing key', async () => {
    writeFileSync(join(folder, 'secrets.yaml'), `tlsAuthority: ${KEY}\n`, { mode: 0o600 });
    const first = await osha(folder, 'ca', 'tls.yaml');
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(new X509Certificate(first.stdout).subject).toBe('CN=osha CA prod');
    expect(await osha(folder, 'ca', 'tls.yaml')).toEqual(first);
    expect(readFileSync(join(folder, 'secrets.yaml'), 'utf8')).toBe(`tlsAuthority: ${KEY}\n`);
  });

  it('reports that no virtual IP has a certificate issued by osha', async () => {
    const { exitCode, stderr } = await osha(folder, 'ca', 'plain.yaml');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error: no virtual IP has a certificate issued by osha');
  });
});

it('osha render writes a placeholder for the certificate of the CA, and no other certificate', async () => {
  expect((await osha(folder, 'render', 'tls.yaml', '--out', 'out')).exitCode).toBe(0);
  expect(readFileSync(join(folder, 'out', 'lb1', 'etc/osha/ca.pem'), 'utf8')).toBe(
    '(the certificate of osha CA prod)\n',
  );
  expect(existsSync(join(folder, 'out', 'lb1', 'etc/haproxy/tls'))).toBe(false);
});

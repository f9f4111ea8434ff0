import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { KEY } from '../../operations/tls/samples.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { osha } from '../run-cli.ts';

const folder = folderForAll();

const INVENTORY = `name: prod
hosts:
  one: { address: 192.0.2.11, roles: [controller] }
  two: { address: 192.0.2.12, roles: [controller] }
  three: { address: 192.0.2.13, roles: [controller] }
vips: { api: { address: 192.0.2.20/24, interface: eth0 }, database: { address: 192.0.2.22/24, interface: eth0 } }
`;
const CLOUD = 'openstack: { services: [identity], region: Here }\n';

beforeAll(() => {
  writeFileSync(join(folder, 'none.yaml'), INVENTORY);
  writeFileSync(join(folder, 'plain.yaml'), INVENTORY + CLOUD);
  writeFileSync(
    join(folder, 'internal.yaml'),
    INVENTORY.replace('} }', '}, internal: { address: 192.0.2.21/24, interface: eth0 } }') + CLOUD,
  );
  writeFileSync(join(folder, 'tls.yaml'), `${INVENTORY}${CLOUD}haproxy: { tls: { api: {} } }\n`);
});

/** The OS_* variables of a shell after `eval`. */
function variables(text: string): Record<string, string> {
  const { stdout } = spawnSync('sh', ['-c', `eval "$1"; env | grep ^OS_`, 'sh', text], {
    encoding: 'utf8',
    env: {},
  });
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  );
}

describe('osha openrc', () => {
  it.each([
    ['none.yaml', 'this inventory has no OpenStack', 'openstack: { services: all }'],
    ['plain.yaml', 'has no password yet', 'osha secrets generate plain.yaml'],
  ])(
    'of %s says what is missing, and makes nothing up',
    async (file, message, hint) => {
      const { exitCode, stdout, stderr } = await osha(folder, 'openrc', file);
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain(message);
      expect(stderr).toContain(hint);
      expect(existsSync(join(folder, 'secrets.yaml'))).toBe(false);
      // The first call loads all playbooks.
    },
    30_000,
  );

  describe('with secrets', () => {
    beforeAll(() => {
      writeFileSync(
        join(folder, 'secrets.yaml'),
        `openstackAdmin: abcdefghijklmnopqrstuvwxyz0123456789\ntlsAuthority: ${KEY}\n`,
        { mode: 0o600 },
      );
    });

    it('prints variables that a shell can read', async () => {
      const { exitCode, stdout, stderr } = await osha(folder, 'openrc', 'plain.yaml');
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(variables(stdout)).toMatchObject({
        OS_AUTH_URL: 'http://192.0.2.20:5000/v3',
        OS_USERNAME: 'admin',
        OS_PASSWORD: 'abcdefghijklmnopqrstuvwxyz0123456789',
        OS_REGION_NAME: 'Here',
      });
    });

    it('prints a clouds.yaml', async () => {
      const { stdout } = await osha(folder, 'openrc', 'plain.yaml', '--clouds');
      expect(parse(stdout)).toMatchObject({
        clouds: { prod: { region_name: 'Here', auth: { auth_url: 'http://192.0.2.20:5000/v3' } } },
      });
    });

    it('points to the endpoint for users, not to the one for services', async () => {
      const { stdout } = await osha(folder, 'openrc', 'internal.yaml');
      expect(variables(stdout)).toMatchObject({ OS_AUTH_URL: 'http://192.0.2.20:5000/v3' });
      expect(variables(stdout)).not.toHaveProperty('OS_INTERFACE');
    });

    it('says how clients can trust the deployment’s own CA, and names no file of a host', async () => {
      const { stdout, stderr } = await osha(folder, 'openrc', 'tls.yaml');
      expect(stderr).toContain('osha openrc tls.yaml --cacert ca.pem');
      expect(variables(stdout)).not.toHaveProperty('OS_CACERT');
      expect(stdout).toContain('https://192.0.2.20:5000/v3');
    });

    it('writes the certificate to the given file, and reuses it later', async () => {
      const path = join(folder, "a CA's.pem");
      for (const options of [[], ['--clouds']]) {
        const { exitCode, stdout } = await osha(
          folder,
          'openrc',
          'tls.yaml',
          '--cacert',
          "a CA's.pem",
          ...options,
        );
        expect(exitCode).toBe(0);
        const named =
          options.length === 0
            ? variables(stdout)['OS_CACERT']
            : (parse(stdout) as { clouds: { prod: { cacert: string } } }).clouds.prod.cacert;
        expect(named).toBe(path);
      }
      expect(readFileSync(path, 'utf8')).toBe((await osha(folder, 'ca', 'tls.yaml')).stdout);
    });

    it('does not overwrite a file with other content', async () => {
      writeFileSync(join(folder, 'mine.txt'), 'mine');
      const { exitCode, stdout, stderr } = await osha(folder, 'openrc', 'tls.yaml', '--cacert', 'mine.txt');
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain('mine.txt exists, but is not the certificate');
      expect(readFileSync(join(folder, 'mine.txt'), 'utf8')).toBe('mine');
    });
  });
});

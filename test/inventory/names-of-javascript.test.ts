import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { osha } from '../cli/run-cli.ts';
import { folderForTest } from '../support/temporary-folder.ts';

let folder: string;
beforeEach(() => (folder = folderForTest()));

const inventory = (names: {
  vip?: string;
  host?: string;
  network?: string;
  more?: string;
}): string => `name: prod
hosts:
  c1: { address: 192.0.2.11, roles: [controller], networks: { ${names.network ?? 'public'}: 198.51.100.1 } }
  ${names.host ?? 'c2'}: { address: 192.0.2.12, roles: [controller] }
  c3: { address: 192.0.2.13, roles: [controller] }
vips: { ${names.vip ?? 'api'}: { address: 192.0.2.20/24, interface: eth0, by: keepalived }, internal: { address: 192.0.2.21/24, interface: eth0, by: keepalived } }
openstack: { services: [identity] }
${names.more ?? ''}`;

/** A map in JavaScript has these without having been given them. */
describe('a name that JavaScript knows already is as good as any:', () => {
  it.each<[string, Parameters<typeof inventory>[0]]>([
    ['a virtual IP', { vip: 'constructor' }],
    [
      'a virtual IP with a certificate',
      { vip: 'constructor', more: 'haproxy: { tls: { constructor: {} } }\n' },
    ],
    ['a host', { host: 'constructor' }],
    ['a network', { network: 'constructor' }],
    ['a user of RabbitMQ', { more: 'rabbitmq: { users: { toString: {}, constructor: {} } }\n' }],
  ])('%s', async (_what, names) => {
    writeFileSync(join(folder, 'inventory.yaml'), inventory(names));
    expect(await osha(folder, 'validate', 'inventory.yaml')).toMatchObject({ exitCode: 0 });
    expect(await osha(folder, 'plan', 'inventory.yaml')).toMatchObject({ exitCode: 0 });
  });
});

it.each([
  ['a user', 'rabbitmq: { users: { __proto__: {} } }\n', /:8:22: error: "__proto__" cannot be a name/],
  ['a key of the inventory', '__proto__: { a: 1 }\n', /:8:1: error: "__proto__" cannot be a name/],
])('"__proto__" is refused at its place as %s, instead of being lost', async (_what, more, said) => {
  writeFileSync(join(folder, 'inventory.yaml'), inventory({ more }));
  const { exitCode, stderr } = await osha(folder, 'validate', 'inventory.yaml');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(said);
});

it('a word of JavaScript in the place of true or false is no hint', async () => {
  writeFileSync(
    join(folder, 'inventory.yaml'),
    inventory({}).replace('by: keepalived', 'haproxy: constructor'),
  );
  const { stderr } = await osha(folder, 'validate', 'inventory.yaml');
  expect(stderr).toMatch(/expected true or false/);
  expect(stderr).not.toMatch(/function|native/);
});

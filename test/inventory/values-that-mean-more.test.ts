import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { osha } from '../cli/run-cli.ts';
import { folderForAll } from '../support/temporary-folder.ts';

const folder = folderForAll();

const INVENTORY = `name: prod
ssh: { user: deploy }
hosts:
  c1: { address: 192.0.2.11, roles: [controller] }
  c2: { address: 192.0.2.12, roles: [controller] }
  c3: { address: 192.0.2.13, roles: [controller] }
vips: { api: { address: 192.0.2.20/24, interface: eth0, by: keepalived }, internal: { address: 192.0.2.21/24, interface: eth0, by: keepalived } }
`;

async function validated(text: string): Promise<{ readonly exitCode: number; readonly stderr: string }> {
  writeFileSync(join(folder, 'inventory.yaml'), text);
  return osha(folder, 'validate', 'inventory.yaml');
}

/** What would be an option of a command, a comment or a block of a configuration file, or the end of a text. */
it.each<[string, string]>([
  ['a user that begins as an option', INVENTORY.replace('deploy', '"-oProxyCommand=x"')],
  ['an interface that begins as an option', INVENTORY.replace('eth0', '"-eth0"')],
  ['an interface with a comment in it', INVENTORY.replace('eth0', '"eth0#x"')],
  ['an interface with a block in it', INVENTORY.replace('eth0', '"eth0{}"')],
  ['an interface with an end of a command in it', INVENTORY.replace('eth0', '"eth0;x"')],
  [
    'a NUL in an option',
    `${INVENTORY}pacemaker: { resources: { r: { agent: "ocf:heartbeat:Dummy", options: { a: "x\\0y" } } } }\n`,
  ],
  [
    'an escape sequence in a pattern',
    `${INVENTORY}rabbitmq: { policies: { p: { pattern: "\\e[31m", definition: { a: 1 } } } }\n`,
  ],
  [
    'a property of the cluster that is an option',
    `${INVENTORY}pacemaker: { properties: { "--force": true } }\n`,
  ],
  ['a name of the cluster that is an option', `${INVENTORY}pacemaker: { cluster_name: "-f" }\n`],
  [
    'a virtual host that is an option',
    `${INVENTORY}rabbitmq: { users: { u: { permissions: { "-p": {} } } } }\n`,
  ],
  [
    'a path with a comment in it',
    `${INVENTORY}haproxy: { frontends: { f: { vip: api, port: 8080, hosts: [control], check_path: "/a#b" } } }\n`,
  ],
  [
    'a component with a comment in it',
    `${INVENTORY}base: { sources: [{ name: s, uri: "http://192.0.2.1/", suite: x, components: ["#main"] }] }\n`,
  ],
  [
    'a suite that begins as an option',
    `${INVENTORY}base: { sources: [{ name: s, uri: "http://192.0.2.1/", suite: "-x" }] }\n`,
  ],
  [
    'a kernel setting that ignores its own failure',
    `${INVENTORY}base: { sysctl: { "-vm.swappiness": 1 } }\n`,
  ],
  ['a time zone that is an option', `${INVENTORY}base: { timezone: "--help" }\n`],
])('%s is refused at its line', async (_what, text) => {
  const line = text.split('\n').findIndex((one) => !INVENTORY.split('\n').includes(one)) + 1;
  const { exitCode, stderr } = await validated(text);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(new RegExp(`^inventory\\.yaml|inventory\\.yaml:${line}:\\d+: error:`, 'm'));
  expect(stderr).toContain(`inventory.yaml:${line}:`);
});

it.each<[string, string]>([
  ['an interface with a VLAN', INVENTORY.replace('eth0', 'bond0.100')],
  [
    'a suite that is a path',
    `${INVENTORY}base: { sources: [{ name: s, uri: "http://192.0.2.1/", suite: ./ }] }\n`,
  ],
  [
    'a path with a question',
    `${INVENTORY}haproxy: { frontends: { f: { vip: api, port: 8080, servers: [control], check_path: "/a?b=c;d" } } }\n`,
  ],
  [
    'a pattern with every character of a regular expression',
    `${INVENTORY}rabbitmq: { policies: { p: { pattern: "^(a|b){2}[#;]$", definition: { message-ttl: 1 } } } }\n`,
  ],
])('%s is taken', async (_what, text) => {
  const { exitCode, stderr } = await validated(text);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
});

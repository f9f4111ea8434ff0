import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** Everything that has a secret but keepalived, which is in other inventories. */
const EVERYTHING = `name: everything
ssh: { user: root }
hosts:
${[1, 2, 3].map((n) => `  c${n}: { address: 192.0.2.${n}, roles: [controller, network, storage] }`).join('\n')}
  compute1: { address: 192.0.2.21, roles: [compute] }
vips:
  api: { address: 192.0.2.100/24, interface: eth0, by: pacemaker }
  database: { address: 192.0.2.101/24, interface: eth0, by: pacemaker }
haproxy: { tls: { api: {} } }
rabbitmq: { users: { ops: {} } }
pacemaker:
  fence: { ipmi1: { agent: fence_ipmilan, hosts: [c1], options: { ip: 10.0.0.1 }, password_option: password } }
glusterfs: { volumes: { images: { path: /srv/images, mount: /var/lib/glance/images, on: [control] } } }
openstack: { services: all }
`;

/** Inventories that together have every secret, without files of the operator's own. */
export const inventoriesWithSecrets: readonly (readonly [name: string, text: string])[] = [
  ['one with everything', EVERYTHING],
  ...['separate-load-balancers', 'active-passive'].map((name) => {
    const text = readFileSync(join(ROOT, 'inventory', `${name}.yaml`), 'utf8');
    return [`${name}.yaml`, text.replace(/^(\s+)(identity|known_hosts): .*$/gm, '')] as const;
  }),
];

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import pacemaker from '../../../playbooks/pacemaker/playbook.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { folderForAll } from '../../support/temporary-folder.ts';

const folder = folderForAll();

const FENCED = 'fence: { f: { agent: fence_ipmilan, hosts: [c1, c2, c3] } }';

/** `LINE:COLUMN: severity: message` of each problem; the settings begin at line 7, and virtual IPs at line 2. */
function problems(
  settings: string,
  { vips = ['api: {}', 'database: {}'], hosts = 3 }: { vips?: readonly string[]; hosts?: number } = {},
): readonly string[] {
  const numbers = Array.from({ length: hosts }, (_, index) => index + 1);
  const written = vips.map((line, index) =>
    line
      .replace('{', `{ address: 10.0.0.${20 + index}/24, interface: eth0, by: pacemaker, `)
      .replace(', }', ' }'),
  );
  const text = `name: t
vips:
  ${written[0] ?? ''}
  ${written[1] ?? '# none'}
hosts: { ${numbers.map((number) => `c${number}: { address: 10.0.0.1${number}, roles: [loadbalancer] }`).join(', ')} }
pacemaker:
${settings
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
`;
  const file = join(folder, 'inventory.yaml');
  writeFileSync(file, text);
  const found = loadInventory(file, { playbooks: [pacemaker], platforms: ['debian-12'] });
  return found.problems.map(
    ({ line, column, severity, message, hint = '' }) => `${line}:${column}: ${severity}: ${message}; ${hint}`,
  );
}

const noHaproxy = { vips: ['api: {}', 'database: { haproxy: false }'] };
const apart = { vips: ['api: { on: [c1, c2] }', 'database: { on: [c3] }'] };

describe('validation of the pacemaker settings reports', () => {
  it.each<[string, string, Parameters<typeof problems>[1], readonly RegExp[]]>([
    ['nothing for valid settings', FENCED, {}, []],
    ['missing fence devices', 'stickiness: 50', {}, [/^6:1: advice: no fence device is declared/]],
    [
      'a property that stops the cluster',
      `${FENCED}\nproperties: { maintenance-mode: true }`,
      {},
      [
        /^8:35: error: with this property, the cluster would run nothing; remove it; for temporary maintenance, on a member: pcs property set maintenance-mode=true/,
      ],
    ],
    [
      'multicast without udp',
      `${FENCED}\nmulticast: 239.1.1.1`,
      {},
      [/^8:14: error: multicast requires the transport udp; this cluster uses knet; remove it/],
    ],
    [
      'udp without an address',
      `${FENCED}\ntransport: udp`,
      {},
      [/^8:14: error: udp needs a multicast address/],
    ],
    [
      'an address that is not multicast',
      `${FENCED}\ntransport: udp\nmulticast: 10.0.0.1`,
      {},
      [/^9:14: error: 10.0.0.1 is not a multicast address/],
    ],
    [
      'one multicast address for two clusters',
      `${FENCED}\ntransport: udp\nmulticast: 239.1.1.1`,
      apart,
      [/^9:14: error: 2 clusters on one multicast address/],
    ],
    [
      'one name for two clusters',
      `${FENCED}\ncluster_name: x`,
      apart,
      [/^8:17: error: one name for 2 clusters/],
    ],
    [
      'no_quorum: stop with two members',
      `${FENCED.replace(', c3', '')}\nno_quorum: stop`,
      { hosts: 2 },
      [/^8:14: warning: with two members, c1 and c2, a member that starts alone runs nothing until/],
    ],
    [
      'a fence device for an unknown host',
      'fence: { f: { agent: fence_ipmilan, hosts: [c11] } }',
      {},
      [/^7:47: error: "c11" is neither a host nor a role; did you mean "c1"/],
    ],
    [
      'a password in the inventory',
      'fence: { f: { agent: fence_ipmilan, hosts: [c1], options: { passwd: x } } }',
      {},
      [/^7:63: error: an inventory must not contain passwords; set password_option: passwd/],
    ],
    [
      'an unknown virtual IP in a group',
      `${FENCED}\ngroups: { web: { vips: [apo] } }`,
      {},
      [/^8:27: error: there is no virtual IP "apo"; did you mean "api"/],
    ],
    [
      'a group without a virtual IP',
      `${FENCED}\ngroups: { web: { services: [memcached] } }`,
      {},
      [/^8:13: error: web has no virtual IP/],
    ],
    [
      'a service in two groups',
      `${FENCED}\ngroups: { a: { vips: [api], services: [x] }, b: { vips: [database], services: [x] } }`,
      {},
      [/^8:82: error: x is already in the group a/],
    ],
    [
      'a host both in prefers and never',
      `${FENCED}\ngroups: { a: { vips: [api], prefers: [c1], never: [c1] } }`,
      {},
      [/^8:53: error: c1 is in both prefers and never/],
    ],
    [
      'a group without any host',
      `${FENCED}\ngroups: { a: { vips: [api], never: [loadbalancer] } }`,
      {},
      [/^8:38: error: no host remains on which a may run/],
    ],
    [
      'a preference for a host that cannot hold its virtual IP',
      `${FENCED}\ngroups: { a: { vips: [database], prefers: [c3] } }`,
      { vips: ['api: {}', 'database: { on: [c1, c2] }'] },
      [/^8:46: error: c3 cannot hold the virtual IPs of a; these can: c1, c2/],
    ],
    [
      'virtual IPs with different holders in one group',
      `${FENCED}\ngroups: { a: { vips: [api, database] } }`,
      { vips: ['api: {}', 'database: { on: [c1, c2] }'] },
      [/^8:24: error: api and database have different holders, but a group runs on one host/],
    ],
    [
      'HAProxy in a group, and a virtual IP outside that needs it',
      `${FENCED}\ngroups: { a: { vips: [api], services: [haproxy] } }`,
      {},
      [/^4:3: error: HAProxy runs only with the group a, but database is not in that group/],
    ],
    [
      'nothing for HAProxy in a group when no other virtual IP needs it',
      `${FENCED}\ngroups: { a: { vips: [api], services: [haproxy] } }`,
      noHaproxy,
      [],
    ],
    [
      'a group with the name of a virtual IP',
      `${FENCED}\ngroups: { api: { vips: [api] } }`,
      {},
      [/^8:13: error: "api" is a virtual IP already/],
    ],
    [
      'an unknown word in a constraint',
      `${FENCED}\nconstraints: [{ order: [api, haproxi] }]`,
      {},
      [/^8:32: error: "haproxi" is not a virtual IP, group or resource of a cluster; did you mean "haproxy"/],
    ],
    [
      'an unknown host in a constraint',
      `${FENCED}\nconstraints: [{ location: api, host: c9, score: 5 }]`,
      {},
      [/^8:40: error: "c9" is neither a host nor a role/],
    ],
    [
      'a constraint across clusters',
      `${FENCED}\nconstraints: [{ colocate: api, with: database }]`,
      apart,
      [/^8:17: error: the constraint spans different clusters/],
    ],
    [
      'a constraint of a resource with itself',
      `${FENCED}\nconstraints: [{ colocate: api, with: api }]`,
      {},
      [/^8:17: error: api is on both sides of the constraint/],
    ],
    [
      'a resource that could be in two clusters',
      `${FENCED}\nresources: { mail: { agent: systemd:postfix } }`,
      apart,
      [
        /^8:\d+: error: mail could run in several clusters: t-api, t-database; choose hosts of one of them: on: \[c1, c2\]/,
      ],
    ],
  ])('%s', (_, settings, inventory, expected) => {
    const found = problems(settings, inventory);
    expect(found).toHaveLength(expected.length);
    expected.forEach((pattern, index) => expect(found[index]).toMatch(pattern));
  });
});

import { describe, expect, it } from 'vitest';
import { playbooks } from '../../../playbooks/index.ts';
import { checkInventory } from '../../../src/inventory/load.ts';
import { platformIds } from '../../../src/platform/index.ts';

const SHARED =
  'glusterfs: { servers: [c1, c2, n1], volumes: { images: { path: /srv/images, mount: /var/lib/glance/images, on: [control] } } }';

interface Given {
  readonly asked?: string;
  readonly on?: string;
  readonly never?: string;
  readonly more?: string;
}

/** `MEMBER: severity: message; hint` of each problem of a group's services. */
function problems(
  services: string,
  { asked = 'all', on = 'c1, c2', never = '', more = SHARED }: Given = {},
): readonly string[] {
  const text = `name: t
hosts:
  c1: { address: 192.0.2.11, roles: [controller] }
  c2: { address: 192.0.2.12, roles: [controller] }
  n1: { address: 192.0.2.21, roles: [network, database, messaging] }
vips:
  api: { address: 192.0.2.100/24, interface: eth0, by: pacemaker, on: [${on}] }
openstack: { services: ${asked} }
pacemaker: { groups: { control: { vips: [api], services: [${services}], never: [${never}] } } }
${more}
`;
  const found = checkInventory('/site/t.yaml', text, { playbooks, platforms: platformIds }).problems;
  const line = text.split('\n')[8] ?? '';
  return found
    .filter((problem) => problem.line === 9 && problem.column > line.indexOf('services'))
    .map(({ column, severity, message, hint = '' }) => {
      const member = /^[\w-]+/.exec(line.slice(column - 1))?.[0] ?? '';
      return `${member}: ${severity}: ${message}; ${hint}`;
    });
}

describe("what is said of OpenStack's services in a group", () => {
  const cases: readonly (readonly [string, readonly string[], readonly RegExp[]])[] = [
    [
      'nothing, where each comes after what it needs',
      problems('haproxy, memcached, keystone, placement-api, glance-api, neutron-api, nova-api, cinder-api'),
      [],
    ],
    [
      'nothing, whichever comes first of two that do without each other',
      problems('keystone, cinder-scheduler, neutron-api'),
      [],
    ],
    ['nothing, where they have the ending of a unit', problems('keystone.service, glance-api.service'), []],
    [
      'that one comes before what it needs',
      problems('haproxy, glance-api, keystone'),
      [
        /^glance-api: error: glance-api comes before keystone, which it needs; write glance-api after keystone$/,
      ],
    ],
    [
      'that one comes before what all of them need',
      problems('keystone, haproxy'),
      [/^keystone: error: keystone comes before haproxy, which it needs; write keystone after haproxy$/],
    ],
    ['nothing of a unit of the operator, wherever it is', problems('own, keystone, mine, glance-api'), []],
    [
      'that the group may go where the service is not',
      problems('keystone, nova-api', { on: 'c1, c2, n1' }),
      [/^keystone: error: control may run on n1, and keystone only on c1, c2; give n1 the role control, or/],
    ],
    [
      'nothing, where the group never goes there',
      problems('keystone', { on: 'c1, c2, n1', never: 'n1' }),
      [],
    ],
    [
      'that images are on one host alone',
      problems('keystone, glance-api', { more: '' }),
      [/^glance-api: error: control may run on c2, and glance-api only on c1; keep images on shared storage/],
    ],
    [
      'that agents run everywhere',
      problems('keystone, neutron-l3-agent'),
      [/^neutron-l3-agent: error: neutron-l3-agent cannot run on one host at a time: Neutron itself moves/],
    ],
    [
      'that nothing deploys one that is not asked for, once for each service',
      problems('keystone, nova-api, nova-conductor', { asked: '[identity]' }),
      [
        /^nova-api: warning: nothing deploys nova-api here: .* \(openstack: \{ services: \[identity, compute\] \}\)/,
      ],
    ],
  ];
  it.each(cases)('is %s', (_name, found, expected) => {
    expect(found).toEqual(expected.map((one) => expect.stringMatching(one) as string));
  });
});

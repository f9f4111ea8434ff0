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

describe("validation of OpenStack's services in a group reports", () => {
  const cases: readonly (readonly [string, readonly string[], readonly RegExp[]])[] = [
    [
      'nothing when each service follows what it needs',
      problems('haproxy, memcached, keystone, placement-api, glance-api, neutron-api, nova-api, cinder-api'),
      [],
    ],
    [
      'nothing for the order of independent services',
      problems('keystone, cinder-scheduler, neutron-api'),
      [],
    ],
    ['nothing for names with the suffix .service', problems('keystone.service, glance-api.service'), []],
    [
      'a service before another one that it needs',
      problems('haproxy, glance-api, keystone'),
      [
        /^glance-api: error: glance-api comes before keystone, which it needs; list glance-api after keystone$/,
      ],
    ],
    [
      'a service before one that all of them need',
      problems('keystone, haproxy'),
      [/^keystone: error: keystone comes before haproxy, which it needs; list keystone after haproxy$/],
    ],
    ['nothing for units of the operator', problems('own, keystone, mine, glance-api'), []],
    [
      'a host of the group without the service',
      problems('keystone, nova-api', { on: 'c1, c2, n1' }),
      [/^keystone: error: control may run on n1, but keystone only on c1, c2; give n1 the role control, or/],
    ],
    ['nothing when the group never runs there', problems('keystone', { on: 'c1, c2, n1', never: 'n1' }), []],
    [
      'images stored on a single host',
      problems('keystone, glance-api', { more: '' }),
      [/^glance-api: error: control may run on c2, but glance-api only on c1; keep images on shared storage/],
    ],
    [
      'agents that run everywhere',
      problems('keystone, neutron-l3-agent'),
      [/^neutron-l3-agent: error: neutron-l3-agent cannot run on one host at a time: Neutron itself moves/],
    ],
    [
      'units of a service that is not enabled, once for each service',
      problems('keystone, nova-api, nova-conductor', { asked: '[identity]' }),
      [
        /^nova-api: warning: nothing deploys nova-api: .* \(openstack: \{ services: \[identity, compute\] \}\)/,
      ],
    ],
  ];
  it.each(cases)('%s', (_name, found, expected) => {
    expect(found).toEqual(expected.map((one) => expect.stringMatching(one) as string));
  });
});

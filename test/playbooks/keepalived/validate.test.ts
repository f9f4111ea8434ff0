import { describe, expect, it } from 'vitest';
import keepalived from '../../../playbooks/keepalived/playbook.ts';
import type { Inventory } from '../../../src/inventory/types.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { kept } from './vips.ts';

type Case = readonly [
  name: string,
  overrides: Partial<Inventory>,
  settings: unknown,
  expected: readonly string[],
];

/** As `severity path: message`. */
function problemsIn(overrides: Partial<Inventory>, settings: unknown): readonly string[] {
  const inventory = anInventory({ vips: [kept('api', 20)], ...overrides });
  const problems = keepalived.validate?.(inventory, keepalived.settings.parse(settings)) ?? [];
  expect(problems.every((problem) => problem.hint !== undefined)).toBe(true);
  return problems.map(({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`);
}

const pair = ['controller1', 'controller2'];
const corosync = (multicast: unknown) => ({ settings: { pacemaker: { multicast } } });
const GROUP = 'is also the multicast address of Corosync';

const cases: readonly Case[] = [
  ['nothing for valid settings', { vips: [kept('api', 20), kept('database', 21)] }, {}, []],
  [
    'two virtual IPs with one router ID on a network',
    { vips: [kept('api', 20), kept('database', 20, { address: '192.0.3.20', prefixLength: 16 })] },
    {},
    ['error vips.database.address: the virtual router ID of database would be 20, which is that of VIP api'],
  ],
  [
    'one configured router ID for two virtual IPs',
    { vips: [kept('api', 20), kept('database', 21)] },
    { router_ids: { database: 20 } },
    [
      'error keepalived.router_ids.database: the virtual router ID of database would be 20, which is that of VIP api',
    ],
  ],
  [
    'one router ID on one interface of a host',
    { vips: [kept('api', 20), kept('public', 20, { address: '198.51.100.20' })] },
    { multicast: true },
    ['error vips.public.address: the virtual router ID of public would be 20, which is that of VIP api'],
  ],
  [
    'nothing for one router ID on separate networks',
    { vips: [kept('api', 20), kept('public', 20, { address: '198.51.100.20', interface: 'eth1' })] },
    { multicast: true },
    [],
  ],
  [
    'an address that ends with 0',
    { vips: [kept('api', 0, { address: '192.0.2.0', prefixLength: 23 })] },
    {},
    ['error vips.api.address: the virtual router ID of api, the last number of its address, would be 0'],
  ],
  [
    'a router ID for an unknown virtual IP',
    {},
    { router_ids: { apo: 20 } },
    ['error keepalived.router_ids.apo: there is no VIP "apo"'],
  ],
  [
    'Pacemaker on the same hosts',
    {
      vips: [kept('api', 20, { holders: pair }), kept('database', 21, { by: 'pacemaker' })],
    },
    {},
    [
      'error vips.api.by: controller1, controller2 would hold api with keepalived and database with Pacemaker, which would stop HAProxy regardless of keepalived',
    ],
  ],
  [
    'nothing for Pacemaker on other hosts',
    {
      vips: [
        kept('api', 20, { holders: pair }),
        kept('database', 21, { by: 'pacemaker', holders: ['controller3'] }),
      ],
    },
    {},
    [],
  ],
  [
    'a single holder',
    { vips: [kept('api', 20, { holders: ['controller1'] })] },
    {},
    ['warning vips.api: only controller1 can hold api: it is down whenever that host is'],
  ],
  [
    'a holder with a host name as its address',
    {
      hosts: [aHost('controller1'), aHost('controller2', { address: 'c2.example.net' })],
      vips: [kept('api', 20, { holders: pair })],
    },
    {},
    [
      'error hosts.controller2.address: keepalived needs the IPv4 address of controller2 in the network of VIP api, for its advertisements',
    ],
  ],
  [
    'an unused multicast group',
    {},
    { multicast_group: '239.1.2.3' },
    ['error keepalived.multicast_group: this address is unused: advertisements are sent by unicast'],
  ],
  [
    "Corosync's address",
    corosync('239.1.2.3'),
    { multicast: true, multicast_group: '239.1.2.3' },
    [`error keepalived.multicast_group: 239.1.2.3 ${GROUP}`],
  ],
  [
    "Corosync on VRRP's default address",
    corosync('224.0.0.18'),
    { multicast: true },
    [`error keepalived.multicast: 224.0.0.18 ${GROUP}`],
  ],
  [
    'nothing for another address than that of Corosync',
    corosync('239.1.2.4'),
    { multicast: true, multicast_group: '239.1.2.3' },
    [],
  ],
  [
    'lowered holders without preempt',
    {},
    { preempt: false, check: { on_failure: 'lower' } },
    [
      'error keepalived.preempt: without preempt, no host takes a virtual IP over from a holder of lowered priority',
    ],
  ],
];

describe('validation of virtual IPs with keepalived reports', () => {
  it.each(cases)('%s', (_name, overrides, settings, expected) => {
    expect(problemsIn(overrides, settings)).toEqual(expected);
  });
});

describe('the settings', () => {
  it.each([
    { router_ids: { api: 256 } },
    { multicast: true, multicast_group: '192.0.2.1' },
    { multicast: true, multicast_group: '224.0.0.256' },
    { advert_seconds: 0.5 },
    { check: { on_failure: 'stop' } },
  ])('refuse %j', (settings) => {
    expect(keepalived.settings.safeParse(settings).success).toBe(false);
  });
});

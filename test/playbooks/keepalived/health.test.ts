import { describe, expect, it } from 'vitest';
import { heldOnce } from '../../../playbooks/keepalived/health.ts';
import { parseView, type HolderView } from '../../../playbooks/keepalived/cluster/observe.ts';
import { ProbeError, type Answer } from '../../../src/playbook/operation.ts';
import { anInventory } from '../../support/inventory.ts';
import { instance, kept, observing, says, type Heard } from './vips.ts';

const { hosts } = anInventory();
const vip = kept('api', 20, { holders: ['controller1', 'controller2'] });

const away: Answer<HolderView> = { reachable: false, reason: 'timed out' };
const VIP = '192.0.2.20';

/** What a holder hears: the other holder, and whoever answers for the virtual IP. */
const hears = (other: number, ...claimants: readonly number[]): Heard => ({
  arp: [[other, other], ...claimants.map((by) => [20, by] as const)],
});
const former: Heard = {
  arp: [
    [12, 12],
    [13, 13],
  ],
};
const three = [instance([11, 12, 13])];

type Case = readonly [name: string, answers: readonly Answer<HolderView>[], expected: readonly string[]];

const cases: readonly Case[] = [
  [
    'the preferred holder has it',
    [
      says(11, { holds: [20], heard: hears(12) }),
      says(12, { heard: hears(11, 11) }),
      says(13, { unit: 'inactive' }),
    ],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api +: ${VIP} on controller1`,
    ],
  ],
  [
    'another holder has it while the preferred one is unreachable',
    [away, says(12, { holds: [20], heard: hears(11) }), says(13, { unit: 'inactive' })],
    [
      'controller1 keepalived -: timed out',
      'controller2 keepalived +: holds api',
      `virtual IP api +: ${VIP} on controller2, preferred controller1`,
    ],
  ],
  [
    'an unreachable holder has it',
    [away, says(12, { heard: hears(11, 11) }), says(13, { unit: 'inactive' })],
    [
      'controller1 keepalived -: timed out',
      'controller2 keepalived +: stands by for api',
      `virtual IP api +: ${VIP} on controller1`,
    ],
  ],
  [
    'keepalived is not running on a holder',
    [
      says(11, { unit: 'failed', heard: hears(12, 12) }),
      says(12, { holds: [20], heard: hears(11) }),
      says(13, { unit: 'inactive' }),
    ],
    [
      'controller1 keepalived -: not running (failed)',
      'controller2 keepalived +: holds api',
      `virtual IP api +: ${VIP} on controller2, preferred controller1`,
    ],
  ],
  [
    'no host holds it',
    [says(11, { heard: hears(12) }), says(12, { heard: hears(11) }), away],
    [
      'controller1 keepalived +: stands by for api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api -: ${VIP} is not held by any host, of those that answered`,
    ],
  ],
  [
    'both holders have it',
    [
      says(11, { holds: [20], heard: hears(12, 12) }),
      says(12, { holds: [20], heard: hears(11, 11) }),
      says(13, { unit: 'inactive' }),
    ],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived +: holds api',
      `virtual IP api -: ${VIP} on controller1 and controller2`,
    ],
  ],
  [
    'a holder has it, and an unreachable one claims it too',
    [says(11, { holds: [20], heard: hears(12, 12) }), away, says(13, { unit: 'inactive' })],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived -: timed out',
      `virtual IP api -: ${VIP} on controller1 and controller2`,
    ],
  ],
  [
    'a former holder has it',
    [
      says(11, { heard: hears(12, 13) }),
      says(12, { heard: hears(11, 13) }),
      says(13, { holds: [20], instances: three }),
    ],
    [
      'controller1 keepalived +: stands by for api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api -: ${VIP} on controller3; controller3 must not hold it`,
    ],
  ],
  [
    'no host could query the network',
    [
      says(11, { holds: [20], heard: { failed: 'there is no interface eth0' } }),
      says(12),
      says(13, { unit: 'inactive' }),
    ],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api -: ${VIP} on controller1; could not check whether another host claims it too: there is no interface eth0`,
    ],
  ],
];

const unlisted: readonly Case[] = [
  [
    'a host that left the inventory and a holder have it',
    [
      says(11, {
        holds: [20],
        instances: three,
        heard: {
          arp: [
            [13, 13],
            [20, 13],
          ],
        },
      }),
      says(12, {
        instances: three,
        heard: {
          arp: [
            [13, 13],
            [20, 11],
            [20, 13],
          ],
        },
      }),
    ],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api -: ${VIP} on controller1 and controller3 (192.0.2.13); controller3 (192.0.2.13) is not a host of this inventory`,
    ],
  ],
  [
    'an unknown host and a holder have it',
    [
      says(11, { holds: [20], heard: { arp: [[20, 99]] } }),
      says(12, {
        heard: {
          arp: [
            [20, 11],
            [20, 99],
          ],
        },
      }),
    ],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api -: ${VIP} on controller1 and an unknown host (02:00:00:00:00:63); an unknown host (02:00:00:00:00:63) is not a host of this inventory`,
    ],
  ],
  [
    'a host that left the inventory still stands by',
    [says(11, { holds: [20], instances: three, heard: former }), says(12)],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api +: ${VIP} on controller1`,
      'former holder of api -: controller3 (192.0.2.13): keepalived may run; the inventory does not list it',
    ],
  ],
  [
    'a host that left the inventory has stopped keepalived',
    [says(11, { holds: [20], instances: three, heard: { ...former, closed: [13] } }), says(12)],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api +: ${VIP} on controller1`,
    ],
  ],
  [
    'a host that left the inventory is not on the network',
    [
      says(11, { holds: [20], records: { api: '# Placed by osha\n192.0.2.13\n' }, heard: hears(12) }),
      says(12, { heard: hears(11, 11) }),
    ],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api +: ${VIP} on controller1`,
      'advice: former holder of api: 192.0.2.13: not on the network; it remains a peer',
    ],
  ],
];

describe('the health of virtual IPs with keepalived', () => {
  it.each([...cases, ...unlisted])('%s', (_name, given, expected) => {
    const present = hosts.slice(0, given.length);
    const answers = new Map(present.map((host, index) => [host.name, given[index] ?? away] as const));
    const check = heldOnce(present, observing([vip], { hosts: present }));
    const findings = check.judge(answers);
    expect([
      ...findings.map(
        ({ host, subject, healthy, evidence }) =>
          `${host === undefined ? '' : `${host} `}${subject} ${healthy ? '+' : '-'}: ${evidence}`,
      ),
      ...(check.advise?.(answers) ?? []).map(({ subject, evidence }) => `advice: ${subject}: ${evidence}`),
    ]).toEqual(expected);
    expect(
      findings.every(
        ({ healthy, hint, evidence }) => healthy || hint !== undefined || evidence === 'timed out',
      ),
    ).toBe(true);
  });

  it('throws when a host does not report its addresses', () => {
    expect(() => parseView('unit=active\n', [])).toThrow(ProbeError);
  });
});

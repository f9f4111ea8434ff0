import { describe, expect, it } from 'vitest';
import { heldOnce, parseView, type HolderView } from '../../../playbooks/keepalived/health.ts';
import { ProbeError, type Answer } from '../../../src/playbook/operation.ts';
import { anInventory } from '../../support/inventory.ts';
import { kept } from './vips.ts';

const { hosts } = anInventory();
const vip = kept('api', 20, { holders: ['controller1', 'controller2'] });

const says = (unit: string, ...addresses: readonly string[]): Answer<HolderView> => ({
  reachable: true,
  observed: parseView(`${unit}\n127.0.0.1/8\n${addresses.map((address) => `${address}/24\n`).join('')}`),
});
const away: Answer<HolderView> = { reachable: false, reason: 'timed out' };
const VIP = '192.0.2.20';

type Case = readonly [name: string, answers: readonly Answer<HolderView>[], expected: readonly string[]];

const cases: readonly Case[] = [
  [
    'the preferred one holds it',
    [says('active', VIP), says('active'), says('inactive')],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api +: ${VIP} on controller1`,
    ],
  ],
  [
    'another one holds it, while the preferred one is away',
    [away, says('active', VIP), says('inactive')],
    [
      'controller1 keepalived -: timed out',
      'controller2 keepalived +: holds api',
      `virtual IP api +: ${VIP} on controller2, preferred controller1`,
    ],
  ],
  [
    'keepalived does not run on a holder',
    [says('failed'), says('active', VIP), says('inactive')],
    [
      'controller1 keepalived -: does not run (failed)',
      'controller2 keepalived +: holds api',
      `virtual IP api +: ${VIP} on controller2, preferred controller1`,
    ],
  ],
  [
    'nobody holds it',
    [says('active'), says('active'), away],
    [
      'controller1 keepalived +: stands by for api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api -: ${VIP} is held by nobody`,
    ],
  ],
  [
    'both hold it',
    [says('active', VIP), says('active', VIP), says('inactive')],
    [
      'controller1 keepalived +: holds api',
      'controller2 keepalived +: holds api',
      `virtual IP api -: ${VIP} on controller1 and controller2`,
    ],
  ],
  [
    'a host holds it that is no holder any more',
    [says('active'), says('active'), says('active', VIP)],
    [
      'controller1 keepalived +: stands by for api',
      'controller2 keepalived +: stands by for api',
      `virtual IP api -: ${VIP} on controller3; controller3 must not hold it`,
    ],
  ],
];

describe('the health of virtual IPs by keepalived', () => {
  it.each(cases)('%s', (_name, given, expected) => {
    const answers = new Map(hosts.map((host, index) => [host.name, given[index] ?? away] as const));
    const findings = heldOnce(hosts, { vips: [vip], unit: 'keepalived' }).judge(answers);
    expect(
      findings.map(
        ({ host, subject, healthy, evidence }) =>
          `${host === undefined ? '' : `${host} `}${subject} ${healthy ? '+' : '-'}: ${evidence}`,
      ),
    ).toEqual(expected);
    expect(
      findings.every(
        ({ healthy, hint, evidence }) => healthy || hint !== undefined || evidence === 'timed out',
      ),
    ).toBe(true);
  });

  it('is not made up where a host cannot say which addresses it has', () => {
    expect(() => parseView('active\n')).toThrow(ProbeError);
  });
});

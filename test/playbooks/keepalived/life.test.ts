import { describe, expect, it } from 'vitest';
import type { HolderView } from '../../../playbooks/keepalived/cluster/observe.ts';
import { judgeSpare, life } from '../../../playbooks/keepalived/life.ts';
import * as service from '../../../src/operations/service.ts';
import type { Spare } from '../../../src/playbook/life.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import { anInventory } from '../../support/inventory.ts';
import { kept, observing, says } from './vips.ts';

const { hosts } = anInventory();
const api = kept('api', 20, { holders: ['controller1', 'controller2'] });
const internal = kept('internal', 21, { holders: ['controller1', 'controller3'] });
const away: Answer<HolderView> = { reachable: false, reason: 'timed out' };
const up = says(12);
const down = says(12, { unit: 'failed' });

type Case = readonly [
  name: string,
  answers: readonly Answer<HolderView>[],
  verdict: Spare['verdict'],
  evidence: string,
];

/** Whether controller1 can be stopped. */
const cases: readonly Case[] = [
  [
    'every other holder runs',
    [up, up, up],
    'spared',
    'api can be held by controller2; internal can be held by controller3',
  ],
  ['it is unreachable', [away, up, up], 'spared', 'api can be held by controller2'],
  [
    'keepalived is down on the other holder',
    [up, down, up],
    'needed',
    'no other holder of api runs keepalived',
  ],
  [
    'the other holder is unreachable',
    [up, up, away],
    'unknown',
    'no other holder of internal runs keepalived, of those',
  ],
];

describe('whether a holder of virtual IPs can be stopped', () => {
  it.each(cases)('%s', (_, answers, verdict, evidence) => {
    const seen = new Map(hosts.map(({ name }, index) => [name, answers[index] ?? away]));
    expect(judgeSpare('controller1', seen, [api, internal])).toMatchObject({
      verdict,
      evidence: expect.stringContaining(evidence) as string,
    });
  });

  it('is no question on a host that holds none', () => {
    const only = kept('api', 20, { holders: ['controller1', 'controller2'] });
    const lives = life(hosts, {
      ...observing([only], { hosts }),
      running: service.running('keepalived'),
      takeoverSeconds: 64,
    });
    expect(hosts.map((host) => lives.okToStop(host).length)).toEqual([1, 1, 0]);
  });
});

describe('the drain of a holder of virtual IPs', () => {
  const lives = (holders: readonly string[]) =>
    life(hosts, {
      ...observing([kept('api', 20, { holders })], { hosts }),
      running: service.running('keepalived'),
      takeoverSeconds: 64,
    });
  const [first, , third] = hosts;
  if (!first || !third) throw new Error('there are three hosts');
  const inWords = (steps: ReturnType<NonNullable<ReturnType<typeof life>['drain']>> | undefined) =>
    steps?.map((one) => {
      const on = one.kind === 'verify' ? one.check.members : (one.hosts ?? []);
      return `${one.title}: ${on.map(({ name }) => name).join()}`;
    });

  it('stops keepalived there, until another holder has the addresses', () => {
    const declared = lives(['controller1', 'controller2']);
    expect(inWords(declared.drain?.(first))).toEqual([
      'Stop keepalived on controller1: controller1',
      'Each virtual IP is on one host: controller2',
    ]);
    expect(inWords(declared.undrain?.(first))).toEqual([
      'Run keepalived on controller1: controller1',
      'Each virtual IP is on one host: controller1,controller2',
    ]);
    expect(declared.units?.(first)).toEqual(['keepalived']);
  });

  it('is nothing on a host that holds none', () => {
    const declared = lives(['controller1', 'controller2']);
    expect([declared.drain?.(third), declared.undrain?.(third), declared.units?.(third)]).toEqual([
      [],
      [],
      [],
    ]);
  });
});

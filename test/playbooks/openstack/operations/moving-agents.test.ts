import { describe, expect, it } from 'vitest';
import { agentFindings, type Agent } from '../../../../playbooks/openstack/operations/index.ts';
import { aHost } from '../../../support/inventory.ts';
import { told } from './findings.ts';

describe('an agent that a cluster runs on one host at a time', () => {
  const expected = {
    ...{ kind: 'nova-conductor', unit: 'nova-conductor', one: true as const },
    hosts: [aHost('c1'), aHost('c2')],
  };
  const agent = (host: string, alive: boolean): Agent => ({
    ...{ kind: 'nova-conductor', host, alive, enabled: true },
  });
  const cases: readonly (readonly [string, readonly Agent[], string])[] = [
    [
      'is well where the one that it left is in the list still',
      [agent('c1', false), agent('c2', true)],
      'nova-conductor: alive on c2, one of c1, c2',
    ],
    [
      'is well where it never ran on the other',
      [agent('c1', true)],
      'nova-conductor: alive on c1, one of c1, c2',
    ],
    [
      'is well where it left the other a moment ago',
      [agent('c1', true), agent('c2', true)],
      'nova-conductor: alive on c1 and c2, one of c1, c2',
    ],
    [
      'is not where none reports',
      [agent('c1', false), agent('k1', true)],
      'BAD nova-conductor: on none of c1, c2 has it reported of late',
    ],
    ['is not where there is none', [], 'BAD nova-conductor: on none of c1, c2 has it reported of late'],
  ];
  it.each(cases)('%s', (_name, found, line) => {
    expect(told(agentFindings([expected], found))).toEqual([line]);
  });
});

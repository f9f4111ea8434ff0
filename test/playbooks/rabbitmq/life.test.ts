import { describe, expect, it } from 'vitest';
import { judgeSpare, spareProbe, type SpareFacts } from '../../../playbooks/rabbitmq/life.ts';
import type { Spare } from '../../../src/playbook/life.ts';
import { platformOf } from '../../../src/platform/index.ts';
import {
  fresh,
  idle,
  membersThat,
  nodes,
  running,
  silent,
  stopped,
  unreachable,
  type Said,
} from '../../operations/rabbitmq/observations.ts';
import { aHost } from '../../support/inventory.ts';

type Case = readonly [
  name: string,
  members: readonly Said[],
  facts: Partial<SpareFacts>,
  verdict: Spare['verdict'],
  evidence: string,
];

const ALL = 'c1 c2 c3';
const up = running(ALL);

/** Whether c1 can be stopped. */
const cases: readonly Case[] = [
  ['all three run', [up, up, up], {}, 'spared', '2 of 3 nodes remain: c2, c3'],
  ['it is down already', [stopped(ALL), up, up], {}, 'spared', '2 of 3 nodes remain'],
  ['it is unreachable', [unreachable, up, up], {}, 'spared', '2 of 3 nodes remain'],
  [
    'another one is down',
    [up, up, stopped(ALL)],
    {},
    'needed',
    '1 of 3 nodes remain: c2; a minority pauses itself',
  ],
  ['another one is unreachable', [up, up, unreachable], {}, 'needed', '1 of 3 nodes remain'],
  ['another one is silent', [up, up, silent(ALL)], {}, 'needed', '1 of 3 nodes remain'],
  ['the broker of another one is stopped', [up, up, idle(ALL)], {}, 'needed', '1 of 3 nodes remain'],
  [
    'queues have no other copy',
    [up, up, up],
    { queuesNeedIt: 'quorum queues would lose their majority' },
    'needed',
    '2 of 3 nodes remain: c2, c3, but quorum queues would lose their majority',
  ],
  [
    'it is down: what its queues need was not asked of a node that runs',
    [stopped(ALL), up, up],
    { queuesNeedIt: 'quorum queues would lose their majority' },
    'spared',
    '2 of 3 nodes remain',
  ],
  [
    'there is a partition',
    [running(ALL, { partitions: nodes('c2') }), up, up],
    {},
    'needed',
    'the cluster is partitioned (rabbit@c2)',
  ],
  [
    'one of two, which do not pause',
    [running('c1 c2'), running('c1 c2')],
    { pauses: false },
    'spared',
    '1 of 2',
  ],
  ['it is alone', [running('c1')], { pauses: false }, 'needed', '0 of 1 nodes remain'],
  [
    'all are down',
    [stopped(ALL), stopped(ALL), stopped(ALL)],
    {},
    'needed',
    'no node runs: c1 may hold messages',
  ],
  ['nothing was formed yet', [fresh, fresh, fresh], {}, 'needed', 'no node runs'],
  [
    'none that answers runs',
    [stopped(ALL), unreachable, stopped(ALL)],
    {},
    'unknown',
    'of those that answered',
  ],
];

describe('whether a node of RabbitMQ can be stopped', () => {
  it.each(cases)('%s', (_, answers, facts, verdict, evidence) => {
    const spare = judgeSpare('c1', membersThat(...answers), { pauses: true, ...facts });
    expect(spare).toMatchObject({ verdict, evidence: expect.stringContaining(evidence) as string });
  });

  it.each([
    ['nothing failed', '', undefined],
    ['a check failed', 'check_if_node_is_quorum_critical 69\n', 'quorum queues would lose their majority'],
    ['a release lacks the check', 'check_if_node_is_mirror_sync_critical 64\n', undefined],
    ['a check timed out', 'check_if_node_is_mirror_sync_critical 124\n', 'no other synchronised copy'],
  ])('learns from RabbitMQ which queues need the node: %s', (_, said, expected) => {
    const probe = spareProbe(platformOf('debian-12'), aHost('c1'), { asksQueues: true });
    const unit =
      'ActiveState=inactive\nSubState=dead\nUnitFileState=enabled\nActiveEnterTimestampMonotonic=0\n';
    const { queuesNeedIt } = probe.parse({ stdout: `${unit}-- queues\n${said}`, stderr: '', exitCode: 0 });
    if (expected === undefined) expect(queuesNeedIt).toBeUndefined();
    else expect(queuesNeedIt).toContain(expected);
  });
});

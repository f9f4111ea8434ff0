import { describe, expect, it } from 'vitest';
import type { MemberStatus } from '../../../../playbooks/etcd/cluster/answer.ts';
import { inShort } from '../../../operations/clusters.ts';
import {
  alone,
  deaf,
  decide,
  forming,
  fresh,
  live,
  notInstalled,
  outdated,
  said,
  silent,
  starting,
  stopped,
  unreachable,
  type Said,
} from './observations.ts';

/** The same with another status. */
function but(one: Said, change: (status: MemberStatus) => MemberStatus): Said {
  return (name) => {
    const observed = said(one, name);
    return { ...observed, ...(observed.status ? { status: change(observed.status) } : {}) };
  };
}

type Case = readonly [name: string, answers: readonly Said[], stages: readonly string[]];

const ALL = 'e1 e2 e3';

/** The same on each of these hosts, at the same time. */
function each(what: string, ...hosts: readonly string[]): string {
  return hosts.map((host) => `${host}: ${what}`).join(' + ');
}
const FORM = 'form the cluster';
const WAIT = 'wait until it is healthy';

describe('forming the cluster', () => {
  const cases: readonly Case[] = [
    [
      'all form it at once where nobody has data',
      [fresh, fresh, fresh],
      [each(FORM, 'e1', 'e2', 'e3'), each(WAIT, 'e1', 'e2', 'e3')],
    ],
    ['one member is a cluster too', [notInstalled], [each(FORM, 'e1'), each(WAIT, 'e1')]],
    [
      'a formation that was broken off before anybody was ready goes on',
      [fresh, forming(), fresh],
      ['e1: form the cluster + e2: start etcd + e3: form the cluster', each(WAIT, 'e1', 'e2', 'e3')],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });

  it('is told who the members are for that one start, and waits for the others only once all have begun', () => {
    const decision = decide(fresh, fresh, fresh);
    if (decision.verdict !== 'change') throw new Error(decision.verdict);
    const script = decision.stages[0]?.[0]?.change.script ?? '';
    expect(script).toContain('ETCD_INITIAL_CLUSTER_STATE=new');
    expect(script).toContain('ETCD_INITIAL_CLUSTER_TOKEN=test-2000');
    expect(script).toContain('ETCD_INITIAL_CLUSTER=e1=http://192.0.2.11:2380,e2=http://192.0.2.12:2380');
    expect(script).toContain('>/run/osha/etcd.env');
    expect(script).toContain('start --no-block');
  });
});

describe('keeping the cluster', () => {
  const cases: readonly Case[] = [
    ['nothing is done when all are in it', [live(ALL), live(ALL), live(ALL)], ['converged']],
    [
      'members that only stopped are started',
      [live(ALL), stopped(), stopped(undefined, 'activating')],
      [each('start etcd', 'e2', 'e3'), each(WAIT, 'e2', 'e3')],
    ],
    [
      'one that gives no answer is restarted, where all others are healthy',
      [live(ALL), silent(), live(ALL)],
      ['e2: restart etcd', each(WAIT, 'e2')],
    ],
    [
      'one that listens at no address is restarted also where another one is away: it serves nobody',
      [live(ALL), deaf, unreachable],
      ['e2: restart etcd', each(WAIT, 'e2')],
    ],
    [
      'one that gives no answer waits until those that stopped were started',
      [live(ALL), silent(), stopped()],
      ['e3: start etcd', each(WAIT, 'e3')],
    ],
    [
      'one that is cut off is waited for, and one that gives no answer is left alone, while there is no leader',
      [alone(ALL), silent(), stopped()],
      ['e3: start etcd', each(WAIT, 'e1', 'e3')],
    ],
    [
      'one that waits for a majority is left to it',
      [starting, starting, stopped()],
      [each('start etcd', 'e1', 'e2', 'e3'), each(WAIT, 'e1', 'e2', 'e3')],
    ],
    ['one that runs without a leader is waited for', [live(ALL), live(ALL), alone(ALL)], [each(WAIT, 'e3')]],
    [
      'one that lost its data is removed on a live peer and joins anew',
      [live(ALL), fresh, live(ALL)],
      ['e1: remove e2 from the cluster', 'e2: join the cluster'],
    ],
    [
      'two that lost their data are both removed before one joins',
      [live('e1 e2 e3 e4 e5'), live('e1 e2 e3 e4 e5'), live('e1 e2 e3 e4 e5'), fresh, fresh],
      ['e1: remove e4, e5 from the cluster', 'e4: join the cluster', 'e5: join the cluster'],
    ],
    [
      'one that was added and never started is added anew',
      [live('e1 e2 (e3)'), live('e1 e2 (e3)'), fresh],
      ['e1: remove e3 from the cluster', 'e3: join the cluster'],
    ],
    ['one that is not listed joins', [live('e1 e2'), live('e1 e2'), fresh], ['e3: join the cluster']],
    [
      'the first of the inventory joins like any other',
      [fresh, live('e2 e3'), live('e2 e3')],
      ['e1: join the cluster'],
    ],
    [
      'one whose data the cluster has given up joins without it',
      [live('e1 e2'), live('e1 e2'), stopped()],
      ['e3: join the cluster, its old data moved aside'],
    ],
    [
      'one with data from before it was added anew joins without it',
      [live('e1 e2 e3!'), live('e1 e2 e3!'), stopped()],
      ['e1: remove e3 from the cluster', 'e3: join the cluster, its old data moved aside'],
    ],
    [
      'those that sleep are woken before one joins',
      [live('e1 e2'), stopped(), fresh],
      [each('start etcd', 'e2'), each(WAIT, 'e2')],
    ],
    ['one that cannot be reached is left out', [live(ALL), unreachable, live(ALL)], ['converged']],
    [
      'after an outage of all, a majority starts at the same time',
      [stopped(), stopped(), unreachable],
      [each('start etcd', 'e1', 'e2'), each(WAIT, 'e1', 'e2')],
    ],
    [
      'with the quorum lost, those that stopped are started',
      [alone(ALL), stopped(), stopped()],
      [each('start etcd', 'e2', 'e3'), each(WAIT, 'e1', 'e2', 'e3')],
    ],
    [
      'where all run and none leads, a leader is waited for',
      [alone(ALL), alone(ALL), unreachable],
      [each(WAIT, 'e1', 'e2')],
    ],
    [
      'older configurations are restarted one by one, the leader last',
      [outdated(ALL), outdated(ALL), live(ALL)],
      ['e2: restart etcd', 'e1: restart etcd'],
    ],
    [
      'in the order of the inventory, whoever has heard the most',
      [outdated(ALL), outdated(ALL), but(outdated(ALL), (status) => ({ ...status, index: 99 }))],
      ['e2: restart etcd', 'e3: restart etcd', 'e1: restart etcd'],
    ],
    ['a single member is restarted on its configuration', [outdated('e1')], ['e1: restart etcd']],
    [
      'a member that the inventory does not name is offered for removal',
      [live('e1 e2 old9'), live('e1 e2 old9')],
      ['e1: remove the member old9 from the cluster'],
    ],
    [
      'but not while a member is away, whose vote it may need',
      [live('e1 e2 e3 old9'), live('e1 e2 e3 old9'), unreachable],
      ['converged'],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });

  it('takes a stranger out only where that is asked for', () => {
    const decision = decide(live('e1 e2 old9'), live('e1 e2 old9'));
    if (decision.verdict !== 'change') throw new Error(decision.verdict);
    expect(decision.stages.flat().map(({ change }) => change.prunes)).toEqual([true]);
  });

  it('never forms a cluster where one has data', () => {
    const answers: readonly Said[] = [live(ALL), stopped(), silent(), fresh, alone(ALL), unreachable];
    for (const one of answers.slice(0, 3)) {
      for (const two of answers) {
        for (const three of answers) {
          expect(inShort(decide(one, two, three)).join()).not.toContain(FORM);
        }
      }
    }
  });
});

describe('the evidence', () => {
  it('has a row for each member, and for those that the inventory does not name', () => {
    const { evidence } = decide(live('e1 old9'), stopped(), unreachable, fresh);
    expect(evidence?.rows).toEqual([
      ['e1', 'leader', '3.4.23', 'c0ffee', 'id-e1', 'id-e1', '2', '40', 'e1 old9'],
      ['e2', 'inactive', '', 'c0ffee', 'id-e2', '', '', '', ''],
      ['e3', 'unreachable: no route to host', '', '', '', '', '', '', ''],
      ['e4', 'inactive', '', 'no data', '', '', '', '', ''],
      ['old9', 'not in the inventory: left alone', '', '', 'id-old9', '', '', '', ''],
    ]);
  });
});

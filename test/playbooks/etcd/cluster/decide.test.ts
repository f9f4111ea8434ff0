import { describe, expect, it } from 'vitest';
import type { MemberStatus } from '../../../../playbooks/etcd/cluster/status.ts';
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

/** The same observation with another status. */
function but(one: Said, change: (status: MemberStatus) => MemberStatus): Said {
  return (name) => {
    const observed = said(one, name);
    return { ...observed, ...(observed.status ? { status: change(observed.status) } : {}) };
  };
}

type Case = readonly [name: string, answers: readonly Said[], stages: readonly string[]];

const ALL = 'e1 e2 e3';

/** The same change on each of these hosts at the same time. */
function each(what: string, ...hosts: readonly string[]): string {
  return hosts.map((host) => `${host}: ${what}`).join(' + ');
}
const FORM = 'form the cluster';
const WAIT = 'wait until healthy';

describe('forming the cluster', () => {
  const cases: readonly Case[] = [
    [
      'all members form it at once if none has data',
      [fresh, fresh, fresh],
      [each(FORM, 'e1', 'e2', 'e3'), each(WAIT, 'e1', 'e2', 'e3')],
    ],
    ['a single member forms a cluster', [notInstalled], [each(FORM, 'e1'), each(WAIT, 'e1')]],
    [
      'a formation that was interrupted before any member was ready is completed',
      [fresh, forming(), fresh],
      ['e1: form the cluster + e2: start etcd + e3: form the cluster', each(WAIT, 'e1', 'e2', 'e3')],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });

  it('passes the member list to that one start only, and waits for the others once all have started', () => {
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
    ['nothing changes when all members are in it', [live(ALL), live(ALL), live(ALL)], ['converged']],
    [
      'stopped members are started',
      [live(ALL), stopped(), stopped(undefined, 'activating')],
      [each('start etcd', 'e2', 'e3'), each(WAIT, 'e2', 'e3')],
    ],
    [
      'a member that does not answer is restarted if all others are healthy',
      [live(ALL), silent(), live(ALL)],
      ['e2: restart etcd', each(WAIT, 'e2')],
    ],
    [
      'a member that listens on no address is restarted even if another one is away, because it has no clients',
      [live(ALL), deaf, unreachable],
      ['e2: restart etcd', each(WAIT, 'e2')],
    ],
    [
      'stopped members are started before one that does not answer is restarted',
      [live(ALL), silent(), stopped()],
      ['e3: start etcd', each(WAIT, 'e3')],
    ],
    [
      'without a leader, a member that is cut off is waited for, and one that does not answer is left alone',
      [alone(ALL), silent(), stopped()],
      ['e3: start etcd', each(WAIT, 'e1', 'e3')],
    ],
    [
      'members that wait for a majority are not restarted',
      [starting, starting, stopped()],
      [each('start etcd', 'e1', 'e2', 'e3'), each(WAIT, 'e1', 'e2', 'e3')],
    ],
    [
      'a member that runs without a leader is waited for',
      [live(ALL), live(ALL), alone(ALL)],
      [each(WAIT, 'e3')],
    ],
    [
      'a member that lost its data is removed through a live peer and joins again',
      [live(ALL), fresh, live(ALL)],
      ['e1: remove e2 from the cluster', 'e2: join the cluster'],
    ],
    [
      'two members that lost their data are both removed before one joins',
      [live('e1 e2 e3 e4 e5'), live('e1 e2 e3 e4 e5'), live('e1 e2 e3 e4 e5'), fresh, fresh],
      ['e1: remove e4, e5 from the cluster', 'e4: join the cluster', 'e5: join the cluster'],
    ],
    [
      'a member that was added but never started is added again',
      [live('e1 e2 (e3)'), live('e1 e2 (e3)'), fresh],
      ['e1: remove e3 from the cluster', 'e3: join the cluster'],
    ],
    ['a member that is not listed joins', [live('e1 e2'), live('e1 e2'), fresh], ['e3: join the cluster']],
    [
      'the first member of the inventory joins like any other',
      [fresh, live('e2 e3'), live('e2 e3')],
      ['e1: join the cluster'],
    ],
    [
      'a member that the cluster removed joins without its old data',
      [live('e1 e2'), live('e1 e2'), stopped()],
      ['e3: join the cluster, moving its old data aside'],
    ],
    [
      'a member with data from before it was added again joins without that data',
      [live('e1 e2 e3!'), live('e1 e2 e3!'), stopped()],
      ['e1: remove e3 from the cluster', 'e3: join the cluster, moving its old data aside'],
    ],
    [
      'stopped members are started before another one joins',
      [live('e1 e2'), stopped(), fresh],
      [each('start etcd', 'e2'), each(WAIT, 'e2')],
    ],
    ['an unreachable member is left out', [live(ALL), unreachable, live(ALL)], ['converged']],
    [
      'after a full outage, a majority is started at the same time',
      [stopped(), stopped(), unreachable],
      [each('start etcd', 'e1', 'e2'), each(WAIT, 'e1', 'e2')],
    ],
    [
      'with the quorum lost, stopped members are started',
      [alone(ALL), stopped(), stopped()],
      [each('start etcd', 'e2', 'e3'), each(WAIT, 'e1', 'e2', 'e3')],
    ],
    [
      'if all members run and none leads, osha waits for a leader',
      [alone(ALL), alone(ALL), unreachable],
      [each(WAIT, 'e1', 'e2')],
    ],
    [
      'members on an older configuration are restarted one at a time, the leader last',
      [outdated(ALL), outdated(ALL), live(ALL)],
      ['e2: restart etcd', 'e1: restart etcd'],
    ],
    [
      'members are restarted in inventory order, whichever has the highest index',
      [outdated(ALL), outdated(ALL), but(outdated(ALL), (status) => ({ ...status, index: 99 }))],
      ['e2: restart etcd', 'e3: restart etcd', 'e1: restart etcd'],
    ],
    ['a single member is restarted on its newer configuration', [outdated('e1')], ['e1: restart etcd']],
    [
      'a member that the inventory does not list is offered for removal',
      [live('e1 e2 old9'), live('e1 e2 old9')],
      ['e1: remove the member old9 from the cluster'],
    ],
    [
      'no member is offered for removal while another one, whose vote may be needed, is away',
      [live('e1 e2 e3 old9'), live('e1 e2 e3 old9'), unreachable],
      ['converged'],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });

  it('removes a member that the inventory does not list only with --prune', () => {
    const decision = decide(live('e1 e2 old9'), live('e1 e2 old9'));
    if (decision.verdict !== 'change') throw new Error(decision.verdict);
    expect(decision.stages.flat().map(({ change }) => change.prunes)).toEqual([true]);
  });

  it('never forms a cluster if a member has data', () => {
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
  it('has a row for each member, including those that the inventory does not list', () => {
    const { evidence } = decide(live('e1 old9'), stopped(), unreachable, fresh);
    expect(evidence?.rows).toEqual([
      ['e1', 'leader', '3.4.23', 'c0ffee', 'id-e1', 'id-e1', '2', '40', 'e1 old9'],
      ['e2', 'inactive', '', 'c0ffee', 'id-e2', '', '', '', ''],
      ['e3', 'unreachable: no route to host', '', '', '', '', '', '', ''],
      ['e4', 'inactive', '', 'no data', '', '', '', '', ''],
      ['old9', 'not in the inventory', '', '', 'id-old9', '', '', '', ''],
    ]);
  });
});

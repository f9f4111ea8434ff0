import { describe, expect, it } from 'vitest';
import type { MemberStatus } from '../../../src/operations/etcd/answer.ts';
import type { MemberObservation } from '../../../src/operations/etcd/observe.ts';
import { inShort } from '../clusters.ts';
import {
  alone,
  deaf,
  decide,
  formationOf,
  forming,
  fresh,
  listing,
  live,
  notInstalled,
  outdated,
  said,
  silent,
  starting,
  stopped,
  unreachable,
  unreadable,
  type Said,
} from './observations.ts';

/** The same with another status. */
function but(one: Said, change: (status: MemberStatus) => MemberStatus): Said {
  return (name) => {
    const observed = said(one, name);
    return { ...observed, ...(observed.status ? { status: change(observed.status) } : {}) };
  };
}

function withoutData(one: Partial<MemberObservation>): Partial<MemberObservation> {
  return Object.fromEntries(Object.entries(one).filter(([key]) => key !== 'data'));
}

type Case = readonly [name: string, answers: readonly Said[], stages: readonly string[]];
type Refusal = readonly [name: string, answers: readonly Said[], reason: RegExp];

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

  it('says of each change what it does to the member', () => {
    const effects = (...answers: readonly Said[]): readonly unknown[] => {
      const decision = decide(...answers);
      return decision.verdict === 'change'
        ? decision.stages.map((stage) => stage.map(({ change }) => change.effects?.join(' ')).join(' + '))
        : [decision.verdict];
    };
    expect(effects(fresh)).toEqual(['stops wipes forms starts', '']);
    expect(effects(live('e1 e2'), live('e1 e2'), stopped())).toEqual(['stops wipes joins starts']);
    expect(effects(live(ALL), fresh, live(ALL))).toEqual(['forgets', 'stops wipes joins starts']);
    expect(effects(live(ALL), stopped(), live(ALL))).toEqual(['starts', '']);
    expect(effects(live(ALL), silent(), live(ALL))).toEqual(['restarts', '']);
    expect(effects(outdated('e1'))).toEqual(['restarts']);
  });

  it('asks again on the spot, and not through a proxy, before it restarts, adds or removes a member', () => {
    const scripts = [
      decide(live(ALL), silent(), live(ALL)),
      decide(live('e1 e2'), live('e1 e2'), stopped()),
      decide(outdated(ALL), live(ALL), live(ALL)),
      decide(live(ALL), fresh, live(ALL)),
    ].flatMap((decision) =>
      decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change.script) : [],
    );
    expect(scripts).toHaveLength(6);
    for (const script of scripts) {
      for (const line of script.split('\n').filter((one) => one.includes('curl '))) {
        expect(line).toMatch(/curl -q .*--noproxy '\*'/);
      }
    }
    const [restartSilent = '', , join = '', , remove = '', rejoin = ''] = scripts;
    expect(restartSilent).toContain('until healthy http://192.0.2.13:2379');
    expect(join).toContain('refuse');
    expect(join.indexOf('members add')).toBeLessThan(join.indexOf('mv --'));
    expect(remove).toContain('etcd answers on e2 by now');
    expect(rejoin).toContain('unset http_proxy https_proxy');
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

describe('refusing', () => {
  const cases: readonly Refusal[] = [
    [
      'to form a cluster while one may live out of sight',
      [fresh, unreachable, fresh],
      /no cluster is in sight, and e2 cannot be reached/,
    ],
    [
      'data of two clusters',
      [live(ALL), live(ALL), stopped('bad')],
      /different clusters: e1, e2 \(c0ffee\) and e3 \(bad\)/,
    ],
    ['two clusters that live', [live(ALL), live('e2', { cluster: 'bad' })], /different clusters/],
    [
      'to restart several that give no answer: a proxy may be all that is wrong',
      [silent('unintelligible'), silent('unintelligible'), silent('unintelligible')],
      /etcd runs and cannot be asked, and several at once are not restarted \(e1: runs, and cannot be asked: HTTP 403; e2/,
    ],
    [
      'to restart two of three that hang',
      [live(ALL), silent(), silent()],
      /several at once are not restarted/,
    ],
    [
      'to restart several that listen at no address',
      [live(ALL), deaf, deaf],
      /several at once are not restarted/,
    ],
    [
      'to restart one that answers otherwise than etcd does',
      [live(ALL), silent('unintelligible'), live(ALL)],
      /it does answer, and may serve its clients \(e2: runs, and cannot be asked: HTTP 403\)/,
    ],
    [
      'to restart one that gives no answer while another one is away',
      [live(ALL), silent(), unreachable],
      /may serve its clients, and is not restarted while e3 is not healthy/,
    ],
    [
      'to restart the only member, which may serve its clients',
      [silent()],
      /the others are no majority without it/,
    ],
    [
      'to restart one whose port another program has',
      [live(ALL), silent('unintelligible', { intruders: ['0.0.0.0:2379 nginx'] }), live(ALL)],
      /a restart would not give it its port \(e2: its port is taken: 0.0.0.0:2379 nginx\)/,
    ],
    [
      'to form a cluster where another program has the port',
      [fresh, () => ({ intruders: ['0.0.0.0:2379 etcd'] }), fresh],
      /e2 has no data, and something of it runs: its port is taken/,
    ],
    [
      'to form a cluster while a member without data starts: it may be on its way into one',
      [fresh, () => ({ process: { listens: [] } }), fresh],
      /e2 has no data, and something of it runs/,
    ],
    [
      'to form a cluster where the disk of a member is not mounted',
      [fresh, () => ({ unmounted: '/var/lib/etcd' }), fresh],
      /data on e2 belongs on \/var\/lib\/etcd, which is not mounted/,
    ],
    [
      'to start a member whose disk is not mounted: what lies under it is old',
      [live(ALL), () => ({ unmounted: '/var/lib/etcd', data: { onlyBootstrap: false } }), live(ALL)],
      /is not mounted/,
    ],
    [
      'data without its log',
      [
        fresh,
        () => ({ data: { fragment: '/var/lib/etcd/default/member/snap/db', onlyBootstrap: false } }),
        fresh,
      ],
      /data on e2 is incomplete: .*snap\/db is there/,
    ],
    [
      'to restart a member into another directory than its data is in',
      [
        live(ALL),
        (name) => ({
          ...said(live(ALL), name),
          directory: { now: '/srv/etcd', next: '/var/lib/etcd/default' },
        }),
        live(ALL),
      ],
      /e2 keeps its data in \/srv\/etcd, and would start on \/var\/lib\/etcd\/default/,
    ],
    [
      'a configuration file of its own, which says where the data is',
      [live(ALL), (name) => ({ ...said(stopped(), name), directory: {} }), live(ALL)],
      /where its data is cannot be told/,
    ],
    [
      'a member whose data is gone under it',
      [live(ALL), (name) => withoutData(said(live(ALL), name)), live(ALL)],
      /e2 answers as id-e2, whose data is not in/,
    ],
    [
      'to move data aside under a member that runs and is not listed',
      [live('e1 e2'), live('e1 e2'), alone('e1 e2 e3')],
      /the cluster of e1 does not list e3, and it runs there/,
    ],
    [
      'to add a member while those that run disagree about the list',
      [live('e1 e2 e9'), live('e1 e2'), fresh],
      /the members disagree about who is in the cluster/,
    ],
    [
      'to forget a member of the same name at another address, which may run there',
      [
        live(ALL, {
          listed: [...listing('e1 e2'), { id: 'id-x', name: 'e3', peerUrls: ['http://192.0.2.99:2380'] }],
        }),
        live(ALL, {
          listed: [...listing('e1 e2'), { id: 'id-x', name: 'e3', peerUrls: ['http://192.0.2.99:2380'] }],
        }),
        fresh,
      ],
      /the cluster has a e3 at http:\/\/192.0.2.99:2380/,
    ],
    [
      'to finish a formation that a leader was heard of in: its note outlived what it was true for',
      [
        forming(formationOf(), { data: { identity: { member: 'm', cluster: 'c' }, onlyBootstrap: false } }),
        fresh,
        fresh,
      ],
      /only 1 of its 3 members can be brought back/,
    ],
    [
      'to finish a formation by a note that belongs to other data',
      [
        forming(formationOf(), { data: { identity: { member: 'm', cluster: 'c' }, onlyBootstrap: true } }),
        fresh,
        fresh,
      ],
      /only 1 of its 3 members can be brought back/,
    ],
    [
      'to finish a formation of other members than the inventory names now',
      [forming(formationOf('test-1999', 2)), fresh, fresh],
      /only 1 of its 3 members can be brought back/,
    ],
    [
      'a restart that the members which the inventory does not name would have to make up for',
      [outdated('e1 e2 e3 old9'), live('e1 e2 e3 old9'), live('e1 e2 e3 old9')],
      /cannot be spared: the others are no majority of 4 without old9/,
    ],
    ['data that cannot be read', [live(ALL), live(ALL), unreadable], /e3 has cannot be read/],
    [
      'to go on with less than a majority in sight',
      [stopped(), unreachable, unreachable],
      /only 1 of its 3 members can be brought back: e1; 2 are needed/,
    ],
    [
      'to make a new cluster where a majority lost its data',
      [stopped(), fresh, fresh],
      /only 1 of its 3 members .* the others have lost their data/,
    ],
    [
      'to take a member that was ready once for a formation that was broken off',
      [forming(formationOf('test-1999', 4)), stopped('old'), fresh, fresh],
      /different clusters/,
    ],
    [
      'a formation that was broken off while a member cannot be reached',
      [forming(), unreachable, fresh],
      /only 1 of its 3/,
    ],
    [
      'to add a member while another one is away',
      [live('e1 e2 e3'), live('e1 e2 e3'), unreachable, fresh],
      /e4 is to be added, which the cluster cannot afford while e3 cannot be reached/,
    ],
    [
      'a restart that the others cannot spare',
      [outdated(ALL), unreachable, live(ALL)],
      /e1 runs on an older configuration, and cannot be spared while e2 is not healthy/,
    ],
    [
      'a restart while another one does not serve its clients',
      [outdated(ALL), live(ALL, { healthy: false }), live(ALL)],
      /cannot be spared while e2/,
    ],
    [
      'a member that the cluster knows at another address',
      [
        live(ALL, { listed: [{ id: 'id-e1', name: 'e1', peerUrls: ['http://localhost:2380'] }] }),
        fresh,
        fresh,
      ],
      /knows e1 at http:\/\/localhost:2380, not at http:\/\/192.0.2.11:2380/,
    ],
  ];
  it.each(cases)('%s', (_name, answers, reason) => {
    const decision = decide(...answers);
    expect(decision).toMatchObject({ verdict: 'refuse', reason: expect.stringMatching(reason) as string });
    expect(decision.evidence?.rows.length).toBeGreaterThanOrEqual(answers.length);
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

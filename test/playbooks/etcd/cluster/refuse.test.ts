import { describe, expect, it } from 'vitest';
import type { MemberObservation } from '../../../../playbooks/etcd/cluster/observe.ts';
import {
  alone,
  deaf,
  decide,
  formationOf,
  forming,
  fresh,
  listing,
  live,
  outdated,
  said,
  silent,
  stopped,
  unreachable,
  unreadable,
  type Said,
} from './observations.ts';

function withoutData(one: Partial<MemberObservation>): Partial<MemberObservation> {
  return Object.fromEntries(Object.entries(one).filter(([key]) => key !== 'data'));
}

type Refusal = readonly [name: string, answers: readonly Said[], reason: RegExp];

const ALL = 'e1 e2 e3';

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
      /the location of its data is unknown/,
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
      /e4 cannot be added: the cluster cannot afford that while e3 cannot be reached/,
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

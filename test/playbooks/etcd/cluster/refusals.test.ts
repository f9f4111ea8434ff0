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

describe('the decision refuses', () => {
  const cases: readonly Refusal[] = [
    [
      'to form a cluster while an unreachable member may hold one',
      [fresh, unreachable, fresh],
      /no reachable member has data, and e2 cannot be reached/,
    ],
    [
      'data of two clusters',
      [live(ALL), live(ALL), stopped('bad')],
      /different clusters: e1, e2 \(c0ffee\) and e3 \(bad\)/,
    ],
    ['two running clusters', [live(ALL), live('e2', { cluster: 'bad' })], /different clusters/],
    [
      'to restart several members that do not answer, because a proxy may be the only fault',
      [silent('unintelligible'), silent('unintelligible'), silent('unintelligible')],
      /etcd is running but cannot be queried; no more than one such member is restarted \(e1: running, but cannot be queried: HTTP 403; e2/,
    ],
    [
      'to restart two hanging members of three',
      [live(ALL), silent(), silent()],
      /no more than one such member is restarted/,
    ],
    [
      'to restart several members that listen on no address',
      [live(ALL), deaf, deaf],
      /no more than one such member is restarted/,
    ],
    [
      'to restart a member whose response is not that of etcd',
      [live(ALL), silent('unintelligible'), live(ALL)],
      /it answers something, and may serve clients \(e2: running, but cannot be queried: HTTP 403\)/,
    ],
    [
      'to restart a member that does not answer while another one is away',
      [live(ALL), silent(), unreachable],
      /may serve clients, and is not restarted while e3 is not healthy/,
    ],
    [
      'to restart the only member, which may serve its clients',
      [silent()],
      /the other members are no majority without it/,
    ],
    [
      'to restart a member whose port another program holds',
      [live(ALL), silent('unintelligible', { intruders: ['0.0.0.0:2379 nginx'] }), live(ALL)],
      /a restart would not free its port \(e2: its port is taken: 0.0.0.0:2379 nginx\)/,
    ],
    [
      'to form a cluster if another program holds the port',
      [fresh, () => ({ intruders: ['0.0.0.0:2379 etcd'] }), fresh],
      /e2 has no data, but something runs there: its port is taken/,
    ],
    [
      'to form a cluster while a member without data starts, because it may be joining one',
      [fresh, () => ({ process: { listens: [] } }), fresh],
      /e2 has no data, but something runs there/,
    ],
    [
      'to form a cluster if the disk of a member is not mounted',
      [fresh, () => ({ unmounted: '/var/lib/etcd' }), fresh],
      /data on e2 belongs on \/var\/lib\/etcd, which is not mounted/,
    ],
    [
      'to start a member whose disk is not mounted, because data under the mount point is old',
      [live(ALL), () => ({ unmounted: '/var/lib/etcd', data: { onlyBootstrap: false } }), live(ALL)],
      /is not mounted/,
    ],
    [
      'data without its write-ahead log',
      [
        fresh,
        () => ({ data: { fragment: '/var/lib/etcd/default/member/snap/db', onlyBootstrap: false } }),
        fresh,
      ],
      /data on e2 is incomplete: .*snap\/db exists without/,
    ],
    [
      'to restart a member on another directory than that of its data',
      [
        live(ALL),
        (name) => ({
          ...said(live(ALL), name),
          directory: { now: '/srv/etcd', next: '/var/lib/etcd/default' },
        }),
        live(ALL),
      ],
      /e2 keeps its data in \/srv\/etcd, but would start on \/var\/lib\/etcd\/default/,
    ],
    [
      'a configuration file of its own, which sets the data directory',
      [live(ALL), (name) => ({ ...said(stopped(), name), directory: {} }), live(ALL)],
      /the location of its data is unknown/,
    ],
    [
      'a running member whose data is gone',
      [live(ALL), (name) => withoutData(said(live(ALL), name)), live(ALL)],
      /e2 answers as member id-e2, but the data of that member is not in/,
    ],
    [
      'to move the data of a running member that is not listed',
      [live('e1 e2'), live('e1 e2'), alone('e1 e2 e3')],
      /the cluster of e1 does not list e3, which is running/,
    ],
    [
      'to add a member while the running ones report different member lists',
      [live('e1 e2 e9'), live('e1 e2'), fresh],
      /the members report different member lists/,
    ],
    [
      'to remove a member of the same name at another address, which may run there',
      [
        live(ALL, {
          listed: [...listing('e1 e2'), { id: 'id-x', name: 'e3', peerUrls: ['http://192.0.2.99:2380'] }],
        }),
        live(ALL, {
          listed: [...listing('e1 e2'), { id: 'id-x', name: 'e3', peerUrls: ['http://192.0.2.99:2380'] }],
        }),
        fresh,
      ],
      /the cluster lists another e3 at http:\/\/192.0.2.99:2380/,
    ],
    [
      'to complete a formation that had a leader, even if its note is still there',
      [
        forming(formationOf(), { data: { identity: { member: 'm', cluster: 'c' }, onlyBootstrap: false } }),
        fresh,
        fresh,
      ],
      /only 1 of its 3 members can be brought back/,
    ],
    [
      'to complete a formation from a note that belongs to other data',
      [
        forming(formationOf(), { data: { identity: { member: 'm', cluster: 'c' }, onlyBootstrap: true } }),
        fresh,
        fresh,
      ],
      /only 1 of its 3 members can be brought back/,
    ],
    [
      'to complete a formation of other members than those of the inventory',
      [forming(formationOf('test-1999', 2)), fresh, fresh],
      /only 1 of its 3 members can be brought back/,
    ],
    [
      'a restart during which the majority would depend on members that the inventory does not list',
      [outdated('e1 e2 e3 old9'), live('e1 e2 e3 old9'), live('e1 e2 e3 old9')],
      /without old9, which the inventory does not list, the other members are no majority of 4/,
    ],
    [
      'data that cannot be read',
      [live(ALL), live(ALL), unreadable],
      /cannot read which member and cluster the data on e3 belongs to/,
    ],
    [
      'to continue with less than a majority reachable',
      [stopped(), unreachable, unreachable],
      /only 1 of its 3 members can be brought back: e1; 2 are needed/,
    ],
    [
      'to form a new cluster if a majority lost its data',
      [stopped(), fresh, fresh],
      /only 1 of its 3 members .* the others have lost their data/,
    ],
    [
      'to treat a member that has been ready as part of an interrupted formation',
      [forming(formationOf('test-1999', 4)), stopped('old'), fresh, fresh],
      /different clusters/,
    ],
    [
      'to complete an interrupted formation while a member is unreachable',
      [forming(), unreachable, fresh],
      /only 1 of its 3/,
    ],
    [
      'to add a member while another one is away',
      [live('e1 e2 e3'), live('e1 e2 e3'), unreachable, fresh],
      /cannot add e4 while e3 cannot be reached/,
    ],
    [
      'a restart that would cost the quorum',
      [outdated(ALL), unreachable, live(ALL)],
      /cannot restart e1 on its newer configuration while e2 is not healthy/,
    ],
    [
      'a restart while another member does not serve clients',
      [outdated(ALL), live(ALL, { healthy: false }), live(ALL)],
      /cannot restart e1 on its newer configuration while e2/,
    ],
    [
      'a member that the cluster lists at another address',
      [
        live(ALL, { listed: [{ id: 'id-e1', name: 'e1', peerUrls: ['http://localhost:2380'] }] }),
        fresh,
        fresh,
      ],
      /lists e1 at http:\/\/localhost:2380, not at http:\/\/192.0.2.11:2380/,
    ],
  ];
  it.each(cases)('%s', (_name, answers, reason) => {
    const decision = decide(...answers);
    expect(decision).toMatchObject({ verdict: 'refuse', reason: expect.stringMatching(reason) as string });
    expect(decision.evidence?.rows.length).toBeGreaterThanOrEqual(answers.length);
  });
});

import { decideMembers } from '../../../src/operations/etcd/decide.ts';
import { peerUrlOf } from '../../../src/operations/etcd/layout.ts';
import { membersOf, type Member } from '../../../src/operations/etcd/members.ts';
import type { ListedMember, MemberObservation, MemberStatus } from '../../../src/operations/etcd/observe.ts';
import type { UnitState } from '../../../src/operations/unit-state.ts';
import type { ClusterDecision } from '../../../src/playbook/operation.ts';
import { aHost } from '../../support/inventory.ts';
import { asked } from '../clusters.ts';
import { STARTED_AT, unitReading } from '../unit-states.ts';

export const CLUSTER = 'c0ffee';

/** What one member answers, as a function of its name, or why it does not answer. */
export type Said = ((name: string) => Partial<MemberObservation>) | string;

const unit = (active: string, changedAt?: number): UnitState =>
  unitReading('/etc/default/etcd', active, changedAt);

/** Members as a cluster lists them: `'e1 e2'`; `e2!` under another id than e2 has now, `(e2)` added and never started. */
export function listing(names: string): readonly ListedMember[] {
  return names.split(' ').map((word) => {
    const name = word.replace(/[!()]/g, '');
    return {
      id: word.endsWith('!') ? `old-${name}` : `id-${name}`,
      name: word.startsWith('(') ? '' : name,
      peerUrls: [peerUrlOf(aHost(name))],
    };
  });
}

function status(name: string, listed: string, overrides: Partial<MemberStatus>): MemberStatus {
  return {
    cluster: CLUSTER,
    member: `id-${name}`,
    version: '3.4.23',
    term: 2,
    index: 40,
    sizeBytes: 1024 * 1024,
    errors: [],
    listed: listing(listed),
    healthy: true,
    ...overrides,
  };
}

/** Runs in a cluster that lists these members; e1 leads. */
export function live(listed: string, overrides: Partial<MemberStatus> = {}): Said {
  return (name) => ({
    unit: unit('active'),
    data: { identity: { member: `id-${name}`, cluster: overrides.cluster ?? CLUSTER } },
    status: status(name, listed, { leader: 'id-e1', ...overrides }),
  });
}

export function outdated(listed: string): Said {
  return (name) => ({
    unit: unit('active', STARTED_AT + 5),
    data: { identity: { member: `id-${name}`, cluster: CLUSTER } },
    status: status(name, listed, { leader: 'id-e1' }),
  });
}

/** Runs, and is cut off from a majority. */
export function alone(listed: string): Said {
  return (name) => ({
    unit: unit('active'),
    data: { identity: { member: `id-${name}`, cluster: CLUSTER } },
    status: status(name, listed, { healthy: false }),
  });
}

/** Has data of that cluster, and does not run. */
export function stopped(cluster = CLUSTER, active = 'inactive'): Said {
  return (name) => ({ unit: unit(active), data: { identity: { member: `id-${name}`, cluster } } });
}

export const silent: Said = (name) => ({
  unit: unit('active'),
  data: { identity: { member: `id-${name}`, cluster: CLUSTER } },
});

/** Took part in a formation that was broken off. */
export const forming: Said = (name) => ({
  unit: unit('failed'),
  forming: true,
  data: { identity: { member: `id-${name}`, cluster: CLUSTER } },
});

export const unreadable: Said = () => ({ data: {} });
export const fresh: Said = () => ({});
export const notInstalled: Said = () => ({ installed: false });
export const unreachable: Said = 'no route to host';

/** The members e1, e2, ... as they answered. */
export function membersThat(...all: readonly Said[]): readonly Member[] {
  const { hosts, answers } = asked('e', all, (said, name): MemberObservation => ({
    installed: true,
    unit: unit('inactive'),
    forming: false,
    ...said(name),
  }));
  return membersOf(hosts, answers);
}

export function decide(...answers: readonly Said[]): ClusterDecision {
  return decideMembers(membersThat(...answers), {
    unit: 'etcd',
    dataDirectory: '/var/lib/etcd/default',
    formingMark: '/var/lib/etcd/osha-forming',
    initialCluster: 'e1=http://192.0.2.11:2380,e2=http://192.0.2.12:2380',
  });
}

import { decideMembers } from '../../../../playbooks/etcd/cluster/decide.ts';
import { peerUrlOf } from '../../../../playbooks/etcd/layout.ts';
import { membersOf, type Member } from '../../../../playbooks/etcd/cluster/members.ts';
import type { ListedMember, MemberStatus, Silence } from '../../../../playbooks/etcd/cluster/status.ts';
import type { MemberData, MemberObservation } from '../../../../playbooks/etcd/cluster/observe.ts';
import type { UnitState } from '../../../../src/operations/unit-state.ts';
import type { ClusterDecision } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';
import { asked } from '../../../operations/clusters.ts';
import { STARTED_AT, unitReading } from '../../../operations/unit-states.ts';
import { identityIn, type Formation } from '../../../../playbooks/etcd/cluster/identity.ts';

export const CLUSTER = 'c0ffee';
export const DATA = '/var/lib/etcd/default';

const URLS = ['e1', 'e2', 'e3', 'e4', 'e5'].map((name) => `${name}=${peerUrlOf(aHost(name))}`);

/** `name=url` of the first `count` members of e1 to e5. */
export function initialClusterOf(count: number): string {
  return URLS.slice(0, count).join(',');
}

/** The observation of one member, as a function of its name, or why it cannot be reached. */
export type Said = ((name: string) => Partial<MemberObservation>) | string;

/** A member's observation, to be changed in one respect. */
export function said(one: Said, name: string): Partial<MemberObservation> {
  return typeof one === 'string' ? {} : one(name);
}

const unit = (active: string, changedAt?: number): UnitState =>
  unitReading('/etc/default/etcd', active, changedAt);

/** A member list: `'e1 e2'`; `e2!` has another id than e2 has now, `(e2)` was added but never started. */
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

function dataOf(name: string, cluster = CLUSTER): MemberData {
  return { identity: { member: `id-${name}`, cluster }, onlyBootstrap: false };
}

/** The unit's process, listening normally. */
const PROCESS = { listens: ['127.0.0.1:2379'] };

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
    process: PROCESS,
    data: dataOf(name, overrides.cluster),
    status: status(name, listed, { leader: 'id-e1', ...overrides }),
  });
}

export function outdated(listed: string): Said {
  return (name) => ({
    unit: unit('active', STARTED_AT + 5),
    process: PROCESS,
    data: dataOf(name),
    status: status(name, listed, { leader: 'id-e1' }),
  });
}

/** Runs, and is cut off from a majority. */
export function alone(listed: string): Said {
  return (name) => ({
    unit: unit('active'),
    process: PROCESS,
    data: dataOf(name),
    status: status(name, listed, { healthy: false }),
  });
}

/** Has data of that cluster and does not run. */
export function stopped(cluster = CLUSTER, active = 'inactive'): Said {
  return (name) => ({ unit: unit(active), data: dataOf(name, cluster) });
}

/** Has data, and its process waits for a majority. */
export const starting: Said = (name) => ({
  unit: unit('activating'),
  process: PROCESS,
  data: dataOf(name),
});

/** Runs, but does not answer for this reason. */
export function silent(kind: Silence['kind'] = 'timeout', overrides: Partial<MemberObservation> = {}): Said {
  const words = {
    refused: 'connection refused',
    timeout: 'timed out',
    unintelligible: 'HTTP 403',
  };
  return (name) => ({
    unit: unit('active'),
    process: PROCESS,
    data: dataOf(name),
    silence: { kind, words: words[kind] },
    ...overrides,
  });
}

/** Runs, but listens on no address. */
export const deaf: Said = silent('refused', { process: { listens: [] } });

/** An interrupted formation, by default of the members e1 to e3. */
export function formationOf(token = 'test-1999', count = 3): Formation {
  return { token, initialCluster: initialClusterOf(count) };
}

/** Took part in an interrupted formation. */
export function forming(formation = formationOf(), overrides: Partial<MemberObservation> = {}): Said {
  return (name) => {
    const identity = identityIn(formation, name);
    return {
      unit: unit('failed'),
      formation,
      data: { ...(identity ? { identity } : {}), onlyBootstrap: true },
      ...overrides,
    };
  };
}

export const unreadable: Said = () => ({ data: { onlyBootstrap: false } });
export const fresh: Said = () => ({});
export const notInstalled: Said = () => ({ installed: false });
export const unreachable: Said = 'no route to host';

/** A host with etcd installed and never started. */
export const NOTHING: MemberObservation = {
  installed: true,
  unit: unit('inactive'),
  directory: { now: DATA, next: DATA },
  intruders: [],
};

/** The members e1, e2, ... with these observations. */
export function membersThat(...all: readonly Said[]): readonly Member[] {
  const { hosts, answers } = asked('e', all, (said, name): MemberObservation => ({
    ...NOTHING,
    ...said(name),
  }));
  return membersOf(hosts, answers);
}

export function decide(...answers: readonly Said[]): ClusterDecision {
  return decideMembers(membersThat(...answers), {
    unit: 'etcd',
    dataDirectory: DATA,
    formingMark: '/var/lib/etcd/osha-forming',
    initialCluster: initialClusterOf(answers.length),
    deployment: 'test',
  });
}

import { decideCluster } from '../../../../playbooks/galera/cluster/decide.ts';
import type { DecisionContext } from '../../../../playbooks/galera/cluster/election.ts';
import { membersOf, type Member } from '../../../../playbooks/galera/cluster/members.ts';
import {
  ZERO_UUID,
  type MemberObservation,
  type ServerStatus,
} from '../../../../playbooks/galera/cluster/observe.ts';
import type { UnitState } from '../../../../src/operations/unit-state.ts';
import type { ClusterDecision } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';
import { asked } from '../../../operations/clusters.ts';
import { STARTED_AT, unitReading } from '../../../operations/unit-states.ts';

export const UUID = 'aaaaaaaa-0000-11f0-8000-000000000001';
export const OTHER_UUID = 'bbbbbbbb-0000-11f0-8000-000000000002';

/**
 * The observation of one member, as differences from a stopped one that was never in a cluster, or why it is
 * unreachable.
 */
export type Said = Partial<MemberObservation> | string;
type Observed = Partial<MemberObservation>;

const unit = (active: string, changedAt?: number): UnitState =>
  unitReading('/etc/mysql/galera.cnf', active, changedAt);

function server(overrides: Partial<ServerStatus> = {}): ServerStatus {
  return {
    replicates: true,
    component: 'Primary',
    state: 'Synced',
    size: 3,
    arbitrators: 0,
    uuid: UUID,
    ready: true,
    connected: true,
    lastCommitted: 40,
    ...overrides,
  };
}

export const fresh: Said = {};
export const notInstalled: Said = { installed: false };
export const unreachable: Said = 'no route to host';

export function live(overrides: Partial<ServerStatus> = {}): Observed {
  return { unit: unit('active'), server: server(overrides), saved: saved(-1) };
}

export function outdated(overrides: Partial<ServerStatus> = {}): Observed {
  return { unit: unit('active', STARTED_AT + 5), server: server(overrides), saved: saved(-1) };
}

export function noQuorum(lastCommitted: number, uuid = UUID): Observed {
  return {
    unit: unit('active'),
    server: server({
      component: 'non-Primary',
      state: 'Initialized',
      ready: false,
      size: 1,
      lastCommitted,
      uuid,
    }),
    saved: saved(-1, { uuid }),
  };
}

/** Content of `grastate.dat`. */
export function saved(
  seqno: number,
  more: { uuid?: string; safe?: boolean } = {},
): NonNullable<MemberObservation['saved']> {
  return { uuid: more.uuid ?? UUID, seqno, safeToBootstrap: more.safe ?? false };
}

/** Shut down cleanly after transaction `seqno`. */
export function stopped(seqno: number, more: { uuid?: string; safe?: boolean } = {}): Observed {
  return { saved: saved(seqno, more) };
}

/** Crashed; `seqno` is the position recovered afterwards. */
export function crashed(
  seqno?: number,
  more: { uuid?: string; safe?: boolean; recovered?: string } = {},
): Observed {
  const uuid = more.recovered ?? more.uuid ?? UUID;
  return {
    saved: saved(-1, more),
    view: true,
    ...(seqno === undefined ? {} : { recovered: { uuid, seqno } }),
  };
}

/** `grastate.dat` has the zero uuid. */
export function damaged(seqno?: number, recovered = UUID): Observed {
  return crashed(seqno, { uuid: ZERO_UUID, recovered });
}

/** A standalone server, as Debian starts it. */
export function standalone(databases: readonly string[] = []): Observed {
  return {
    unit: unit('active'),
    server: server({ replicates: false, component: 'Disconnected' }),
    databases,
  };
}

/** A server that was expelled from its cluster and still runs. */
export function thrownOut(): Observed {
  return {
    unit: unit('active'),
    server: server({ component: 'Disconnected', ready: false }),
    saved: saved(-1),
  };
}

export function starting(active = 'activating'): Observed {
  return { unit: unit(active), saved: saved(-1) };
}

/** Its server runs, but rejects the client with this error; by default because root has a password. */
export function refusing(
  complaint = "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: NO)",
): Observed {
  return { unit: unit('active'), process: 'open', complaint, saved: saved(-1) };
}

/** Its server accepts clients, but the query times out. */
export function silent(): Observed {
  return refusing('no answer within 5 s on /run/mysqld/mysqld.sock');
}

export const HOSTS = [aHost('c1'), aHost('c2'), aHost('c3')];

/** The members c1, c2, ... with these observations. */
export function membersThat(...all: readonly Said[]): readonly Member[] {
  const { hosts, answers } = asked('c', all, observationOf);
  return membersOf(hosts, answers);
}

/** A complete observation: a stopped member that was never in a cluster, except for `said`. */
export function observationOf(said: Partial<MemberObservation>): MemberObservation {
  const ended = said.unit === undefined || said.unit.active === 'inactive' || said.unit.active === 'failed';
  return {
    installed: true,
    unit: unit('inactive'),
    process: ended ? 'absent' : said.server || said.unit.active === 'active' ? 'open' : 'closed',
    directory: '/var/lib/mysql',
    data: 'present',
    view: false,
    databases: [],
    ...said,
  };
}

export function decide(answers: readonly Said[], context: Partial<DecisionContext> = {}): ClusterDecision {
  return decideCluster(membersThat(...answers), {
    unit: 'mariadb',
    dataDirectory: '/var/lib/mysql',
    members: answers.length,
    syncSeconds: 60,
    ...context,
  });
}

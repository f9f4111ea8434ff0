import type { Answers, Evidence, Host } from 'osha';
import { ZERO_UUID, type MemberObservation, type ServerStatus } from './observe.ts';

/**
 * A member as the decision classifies it.
 * - `primary`: runs in a component that has quorum.
 * - `nonPrimary`: runs and waits for quorum.
 * - `refusing`: runs, but rejects root: a password, no free connection. It may serve clients.
 * - `silent`: runs, but does not report its state: slow, hung, not the unit's own process. It may serve clients.
 * - `starting`: is starting or stopping, and provably serves no client: no socket for clients is open.
 * - `alone`: runs, but in no cluster: without replication, or expelled from its cluster.
 * - `stopped`: no process; also if nothing is installed yet.
 */
export type Member =
  | { readonly name: string; readonly kind: 'unreachable'; readonly reason: string }
  | {
      readonly name: string;
      readonly kind: 'primary' | 'nonPrimary' | 'alone';
      readonly observed: MemberObservation;
      readonly server: ServerStatus;
    }
  | {
      readonly name: string;
      readonly kind: 'refusing' | 'silent';
      readonly observed: MemberObservation;
      /** The evidence, as a clause. */
      readonly complaint: string;
    }
  | {
      readonly name: string;
      readonly kind: 'starting' | 'stopped';
      readonly observed: MemberObservation;
    };

export type Kind = Member['kind'];
export type Reached = Exclude<Member, { kind: 'unreachable' }>;
export type Running = Extract<Member, { server: ServerStatus }> & { readonly kind: 'primary' | 'nonPrimary' };
export type Unqueryable = Extract<Member, { complaint: string }>;
/** Members that can only be judged by their data. */
type AtRest = Exclude<Reached, Unqueryable> & { readonly kind: 'starting' | 'alone' | 'stopped' };

/** Returns the members in inventory order, whatever order the answers came in. */
export function membersOf(hosts: readonly Host[], answers: Answers<object>): readonly Member[] {
  return hosts.map(({ name }) => {
    const answer = answers.get(name) ?? { reachable: false as const, reason: 'not queried' };
    return answer.reachable
      ? reached(name, answer.observed as MemberObservation)
      : { name, kind: 'unreachable', reason: answer.reason };
  });
}

function reached(name: string, observed: MemberObservation): Reached {
  const { unit, server, process, complaint } = observed;
  const silent = (why: string): Reached => ({ name, kind: 'silent', observed, complaint: why });
  const ended = unit.active === 'inactive' || unit.active === 'failed';
  if (process === 'absent' && unit.active !== 'active') {
    return { name, kind: ended ? 'stopped' : 'starting', observed };
  }
  if (process === 'absent') return silent('its unit is active, but has no process');
  // A stopping server closes its sockets first. A server outside the unit cannot be stopped through it.
  if (process === 'closed') return { name, kind: 'starting', observed };
  if (ended) return silent(`a server runs on ${observed.directory}, but the unit is ${unit.active}`);
  if (!server) {
    if (complaint === undefined) return silent('its sockets cannot be seen');
    return { name, kind: /^ERROR 1\d\d\d /.test(complaint) ? 'refusing' : 'silent', observed, complaint };
  }
  const component = server.component.toLowerCase();
  if (server.replicates && component !== 'primary' && server.ready) {
    return silent(`it reports ${server.component} but accepts queries`);
  }
  if (server.replicates && component === 'primary') return { name, kind: 'primary', observed, server };
  if (server.replicates && component === 'non-primary') return { name, kind: 'nonPrimary', observed, server };
  return { name, kind: 'alone', observed, server };
}

export function isPrimary(member: Member): member is Running {
  return member.kind === 'primary';
}

export function isNonPrimary(member: Member): member is Running {
  return member.kind === 'nonPrimary';
}

export function isAtRest(member: Member): member is AtRest {
  return member.kind === 'stopped' || member.kind === 'alone' || member.kind === 'starting';
}

/** Whether its server runs and may serve clients, but cannot be queried: any change to it could do harm. */
export function isUnqueryable(member: Member): member is Unqueryable {
  return member.kind === 'refusing' || member.kind === 'silent';
}

/**
 * Whether it is a standalone server with databases, which may serve clients. Without databases it has nothing to serve.
 */
export function servesAlone(member: Member): boolean {
  return member.kind === 'alone' && !member.server.replicates && member.observed.databases.length > 0;
}

export function isUnreachable(member: Member): member is Extract<Member, { kind: 'unreachable' }> {
  return member.kind === 'unreachable';
}

export function isSynced(member: Member): boolean {
  return isPrimary(member) && member.server.state === 'Synced' && member.server.ready;
}

function known(uuid: string | undefined): string | undefined {
  return uuid === undefined || uuid === ZERO_UUID ? undefined : uuid;
}

/** Clusters that a member's data belongs to, by its sources: one, unless they contradict each other. */
export function clustersOf(member: Reached): readonly string[] {
  const { saved, recovered } = member.observed;
  const words =
    member.kind === 'primary' || member.kind === 'nonPrimary'
      ? [member.server.uuid]
      : [saved?.uuid, recovered?.uuid];
  return [...new Set(words.flatMap((uuid) => known(uuid) ?? []))];
}

/** The cluster that a member's data belongs to; undefined if it was never in one. */
export function clusterOf(member: Reached): string | undefined {
  return clustersOf(member)[0];
}

/**
 * Whether `grastate.dat` has the zero uuid: a state transfer was interrupted, or the server found its data
 * inconsistent.
 */
export function isDamaged(member: AtRest): boolean {
  return member.observed.saved?.uuid === ZERO_UUID;
}

/** The last transaction of a member, or -1 if unknown. */
export function seqnoOf(member: Reached): number {
  if (member.kind === 'primary' || member.kind === 'nonPrimary') return member.server.lastCommitted;
  const { saved, recovered } = member.observed;
  if (saved && saved.seqno >= 0) return saved.seqno;
  return recovered && recovered.uuid === clusterOf(member) ? recovered.seqno : -1;
}

/**
 * Whether a member has been in a cluster, but its `grastate.dat` has no position and none was recovered yet. A server
 * that still runs outside its cluster has to be stopped for that as well.
 */
export function needsRecovery(member: AtRest): boolean {
  const { saved, recovered } = member.observed;
  if (!saved) return false;
  return member.kind === 'alone' || (saved.seqno < 0 && !recovered);
}

/** Databases of a member that was never in a cluster, which joining one would overwrite. */
export function ownDatabases(member: Reached): readonly string[] {
  return isAtRest(member) && !member.observed.saved ? member.observed.databases : [];
}

/** Whether the data of a member at rest is missing: its disk may not be mounted. */
export function lacksData(member: Member): boolean {
  return isAtRest(member) && member.observed.installed && member.observed.data !== 'present';
}

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  unreachable: 'unreachable',
  primary: 'Primary',
  nonPrimary: 'non-Primary',
  refusing: 'refuses root',
  silent: 'does not answer',
  starting: 'starting',
  alone: 'in no cluster',
  stopped: 'stopped',
};

/** The observations behind a decision, as a table. */
export function evidenceOf(members: readonly Member[]): Evidence {
  return {
    columns: [
      'member',
      'server',
      'state',
      'size',
      'cluster',
      'last transaction',
      'safe to bootstrap',
      'own databases',
      'data directory',
    ],
    rows: members.map((member) => {
      if (isUnreachable(member))
        return [member.name, `unreachable: ${member.reason}`, '', '', '', '', '', '', ''];
      const { observed } = member;
      const { server, saved, recovered } = observed;
      const seqno = seqnoOf(member);
      const uuid = clusterOf(member)?.slice(0, 8) ?? (saved ? 'zero' : 'never in one');
      const source = !isAtRest(member) || seqno < 0 ? '' : saved && saved.seqno >= 0 ? '' : ' (recovered)';
      return [
        member.name,
        observed.installed ? KIND_WORDS[member.kind] : 'not installed',
        isUnqueryable(member) ? member.complaint : (server?.state ?? observed.unit.active),
        server && server.size >= 0 ? String(server.size) : '',
        uuid,
        seqno >= 0 ? `${seqno}${source}` : recovered || !saved ? '-' : 'unknown',
        saved ? (saved.safeToBootstrap ? 'yes' : 'no') : '-',
        ownDatabases(member).join(' ') || '-',
        `${observed.directory}${observed.data === 'present' || !observed.installed ? '' : ` (${observed.data})`}`,
      ];
    }),
  };
}

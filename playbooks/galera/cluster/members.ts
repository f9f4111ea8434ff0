import type { Answers, Evidence, Host } from 'osha';
import { ZERO_UUID, type MemberObservation, type ServerStatus } from './observe.ts';

/**
 * A member as a decision sees it.
 * - `primary`: runs in a component that has quorum.
 * - `nonPrimary`: runs, and waits for a quorum.
 * - `refusing`: runs, and its server turns root away: a password, no free connection. It may serve clients.
 * - `silent`: runs, and does not say how it is: slow, hung, not the unit's own process. It may serve clients.
 * - `starting`: is on the way up or down, and provably serves nobody: no socket for clients is open.
 * - `alone`: runs, but in no cluster: without replication, or thrown out of its cluster.
 * - `stopped`: no process runs; also where nothing is installed yet.
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
export type Unaskable = Extract<Member, { complaint: string }>;
/** Members whose data is all there is to go by. */
export type AtRest = Exclude<Reached, Unaskable> & { readonly kind: 'starting' | 'alone' | 'stopped' };

/** The members in inventory order, whatever order the answers came in. */
export function membersOf(hosts: readonly Host[], answers: Answers<object>): readonly Member[] {
  return hosts.map(({ name }) => {
    const answer = answers.get(name) ?? { reachable: false as const, reason: 'it was not asked' };
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
  // On its way down, a server closes its sockets first; one that does not run in the unit cannot be stopped by it.
  if (process === 'closed') return { name, kind: 'starting', observed };
  if (ended) return silent(`a server runs on ${observed.directory}, and the unit is ${unit.active}`);
  if (!server) {
    if (complaint === undefined) return silent('its sockets cannot be seen');
    return { name, kind: /^ERROR 1\d\d\d /.test(complaint) ? 'refusing' : 'silent', observed, complaint };
  }
  const component = server.component.toLowerCase();
  if (server.replicates && component !== 'primary' && server.ready) {
    return silent(`it says that it is ${server.component} and takes queries`);
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

/** True for a server that runs, may serve clients and cannot be asked: whatever is done to it could do harm. */
export function isUnaskable(member: Member): member is Unaskable {
  return member.kind === 'refusing' || member.kind === 'silent';
}

/** True for a server of its own that has databases: it may serve clients. Without any, it has nothing to serve. */
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

/** Every cluster that a member's data belongs to by one word or another: one, unless they contradict each other. */
export function clustersOf(member: Reached): readonly string[] {
  const { saved, recovered } = member.observed;
  const words =
    member.kind === 'primary' || member.kind === 'nonPrimary'
      ? [member.server.uuid]
      : [saved?.uuid, recovered?.uuid];
  return [...new Set(words.flatMap((uuid) => known(uuid) ?? []))];
}

/** The cluster that a member's data belongs to; `undefined` where it was never in one. */
export function clusterOf(member: Reached): string | undefined {
  return clustersOf(member)[0];
}

/** True where `grastate.dat` has the zero uuid: a state transfer broke off, or the server found its own data to differ. */
export function isDamaged(member: AtRest): boolean {
  return member.observed.saved?.uuid === ZERO_UUID;
}

/** The last transaction of a member, or -1 where nobody knows. */
export function seqnoOf(member: Reached): number {
  if (member.kind === 'primary' || member.kind === 'nonPrimary') return member.server.lastCommitted;
  const { saved, recovered } = member.observed;
  if (saved && saved.seqno >= 0) return saved.seqno;
  return recovered && recovered.uuid === clusterOf(member) ? recovered.seqno : -1;
}

/**
 * True where a member has been in a cluster, its `grastate.dat` does not say how far it came, and nobody has looked
 * yet. A server that still runs outside of its cluster has to be stopped and looked at too.
 */
export function needsRecovery(member: AtRest): boolean {
  const { saved, recovered } = member.observed;
  if (!saved) return false;
  return member.kind === 'alone' || (saved.seqno < 0 && !recovered);
}

/** Databases of a member that was never in a cluster: joining one would overwrite them. */
export function ownDatabases(member: Reached): readonly string[] {
  return isAtRest(member) && !member.observed.saved ? member.observed.databases : [];
}

/** True where a stopped member's data is not there to be seen: its disk may not be mounted. */
export function isHollow(member: Member): boolean {
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

/** Everything that a decision rests on. */
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
        isUnaskable(member) ? member.complaint : (server?.state ?? observed.unit.active),
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

import type { Host } from '../../inventory/types.ts';
import type { Answers, Evidence } from '../../playbook/operation.ts';
import { ZERO_UUID, type MemberObservation, type ServerStatus } from './observe.ts';

/**
 * A member as a decision sees it.
 * - `primary`: runs in a component that has quorum.
 * - `nonPrimary`: runs, and waits for a quorum.
 * - `starting`: its unit is on the way up or down, or the server is up and does not answer yet.
 * - `alone`: runs, but in no cluster: without replication, or thrown out of its cluster.
 * - `stopped`: does not run; also where nothing is installed yet.
 */
export type Member =
  | { readonly name: string; readonly kind: 'unreachable'; readonly reason: string }
  | {
      readonly name: string;
      readonly kind: 'primary' | 'nonPrimary';
      readonly observed: MemberObservation;
      readonly server: ServerStatus;
    }
  | {
      readonly name: string;
      readonly kind: 'starting' | 'alone' | 'stopped';
      readonly observed: MemberObservation;
    };

export type Kind = Member['kind'];
export type Reached = Exclude<Member, { kind: 'unreachable' }>;
export type Running = Extract<Member, { kind: 'primary' | 'nonPrimary' }>;
/** Members whose data is all there is to go by. */
export type AtRest = Extract<Member, { kind: 'starting' | 'alone' | 'stopped' }>;

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
  const { unit, server } = observed;
  if (unit.active === 'inactive' || unit.active === 'failed') return { name, kind: 'stopped', observed };
  if (!server) return { name, kind: 'starting', observed };
  if (!server.replicates) return { name, kind: 'alone', observed };
  switch (server.component.toLowerCase()) {
    case 'primary':
      return { name, kind: 'primary', observed, server };
    case 'non-primary':
      return { name, kind: 'nonPrimary', observed, server };
    default:
      return { name, kind: 'alone', observed };
  }
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

export function isUnreachable(member: Member): member is Extract<Member, { kind: 'unreachable' }> {
  return member.kind === 'unreachable';
}

export function isSynced(member: Member): boolean {
  return isPrimary(member) && member.server.state === 'Synced' && member.server.ready;
}

function known(uuid: string | undefined): string | undefined {
  return uuid === undefined || uuid === ZERO_UUID ? undefined : uuid;
}

/** The cluster that a member's data belongs to; `undefined` where it was never in one. */
export function clusterOf(member: Reached): string | undefined {
  if (member.kind === 'primary' || member.kind === 'nonPrimary') return known(member.server.uuid);
  return known(member.observed.saved?.uuid) ?? known(member.observed.recovered?.uuid);
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

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  unreachable: 'unreachable',
  primary: 'Primary',
  nonPrimary: 'non-Primary',
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
    ],
    rows: members.map((member) => {
      if (isUnreachable(member))
        return [member.name, `unreachable: ${member.reason}`, '', '', '', '', '', ''];
      const { observed } = member;
      const { server, saved, recovered } = observed;
      const seqno = seqnoOf(member);
      const uuid = clusterOf(member)?.slice(0, 8) ?? (saved ? 'zero' : 'never in one');
      const source = !isAtRest(member) || seqno < 0 ? '' : saved && saved.seqno >= 0 ? '' : ' (recovered)';
      return [
        member.name,
        observed.installed ? KIND_WORDS[member.kind] : 'not installed',
        server?.state ?? observed.unit.active,
        server && server.size >= 0 ? String(server.size) : '',
        uuid,
        seqno >= 0 ? `${seqno}${source}` : recovered || !saved ? '-' : 'unknown',
        saved ? (saved.safeToBootstrap ? 'yes' : 'no') : '-',
        ownDatabases(member).join(' ') || '-',
      ];
    }),
  };
}

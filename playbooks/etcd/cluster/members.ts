import type { Answers, Evidence, Host } from 'osha';
import { clientUrlOf, peerUrlOf } from '../layout.ts';
import type { ListedMember, MemberStatus } from './answer.ts';
import { identityIn } from './formation.ts';
import type { MemberObservation } from './observe.ts';
import type { Identity } from './wal.ts';

interface Place {
  readonly name: string;
  readonly peerUrl: string;
  readonly clientUrl: string;
}

/**
 * A member as a decision sees it.
 * - `live`: it answers; with a leader, or without one where it is cut off from a majority.
 * - `silent`: it runs, or something else has its ports, and no answer of etcd's came; it may serve clients.
 * - `starting`: its process runs and is not ready, which it is together with a majority.
 * - `stopped`: nothing of it runs, and it has data.
 * - `empty`: nothing of it runs, and it has no data.
 */
export type Member = Place &
  (
    | { readonly kind: 'unreachable'; readonly reason: string }
    | {
        readonly kind: 'live';
        readonly observed: MemberObservation;
        readonly identity: Identity;
        readonly status: MemberStatus;
      }
    | {
        readonly kind: 'silent' | 'starting' | 'stopped' | 'empty';
        readonly observed: MemberObservation;
        readonly identity?: Identity;
      }
  );

export type Reached = Exclude<Member, { kind: 'unreachable' }>;
export type Unreachable = Extract<Member, { kind: 'unreachable' }>;
export type Live = Extract<Member, { kind: 'live' }>;

/** The members in inventory order, whatever order the answers came in. */
export function membersOf(hosts: readonly Host[], answers: Answers<MemberObservation>): readonly Member[] {
  return hosts.map((host): Member => {
    const place = { name: host.name, peerUrl: peerUrlOf(host), clientUrl: clientUrlOf(host) };
    const answer = answers.get(host.name) ?? { reachable: false as const, reason: 'it was not asked' };
    if (!answer.reachable) return { ...place, kind: 'unreachable', reason: answer.reason };
    const { observed } = answer;
    const { status, data } = observed;
    if (status) return { ...place, kind: 'live', observed, identity: status, status };
    const identity = data?.identity === undefined ? {} : { identity: data.identity };
    return { ...place, kind: kindWithoutAnswer(observed), observed, ...identity };
  });
}

function kindWithoutAnswer(observed: MemberObservation): 'silent' | 'starting' | 'stopped' | 'empty' {
  if (observed.unit.active === 'active' || observed.intruders.length > 0) return 'silent';
  if (observed.process) return 'starting';
  return observed.data ? 'stopped' : 'empty';
}

export function isReached(member: Member): member is Reached {
  return member.kind !== 'unreachable';
}

export function isUnreachable(member: Member): member is Unreachable {
  return member.kind === 'unreachable';
}

export function isLive(member: Member): member is Live {
  return member.kind === 'live';
}

/** True where it knows of a leader, and so belongs to a majority. */
export function isLed(member: Live): boolean {
  return member.status.leader !== undefined;
}

/** True where something of it may serve clients, also where no answer of its own can be had. */
export function mayServe(member: Member): boolean {
  if (member.kind !== 'silent') return member.kind === 'live' || member.kind === 'unreachable';
  const { process, intruders } = member.observed;
  return intruders.length > 0 || (process?.listens.length ?? 1) > 0;
}

/**
 * True where a member's data is what a formation made that broke off: the note names the ids in the data, and the data
 * says that its member never heard of a leader. A note alone proves nothing, because it outlives what it was true for.
 */
export function isForming(member: Reached): boolean {
  const { formation, data } = member.observed;
  if (!formation || !member.identity || data?.onlyBootstrap !== true) return false;
  if (member.kind !== 'stopped' && member.kind !== 'starting') return false;
  const made = identityIn(formation, member.name);
  return made?.member === member.identity.member && made.cluster === member.identity.cluster;
}

/** How many of so many voters are a majority. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** What the cluster has listed in the place of a member that is not the one whose data it has: by address, or by name. */
export function standIns(member: Member, listed: readonly ListedMember[]): readonly ListedMember[] {
  return listed.filter(({ name, peerUrls }) => name === member.name || peerUrls.includes(member.peerUrl));
}

/** Members of the cluster that the inventory does not name, as those that run list them. */
export function strangersOf(members: readonly Member[]): readonly ListedMember[] {
  const [view] = [...members.filter(isLive)].sort((a, b) => Number(isLed(b)) - Number(isLed(a)));
  const listed = view?.status.listed ?? [];
  const ids = new Set(members.map((member) => (isReached(member) ? member.identity?.member : undefined)));
  const own = new Set(members.flatMap((member) => standIns(member, listed)));
  return listed.filter((entry) => !ids.has(entry.id) && !own.has(entry));
}

/** Names in a sentence. */
export function names(members: readonly Pick<Member, 'name'>[]): string {
  return members.map((member) => member.name).join(', ');
}

/** What to call a member that the inventory does not name. */
export function labelOf({ id, name, peerUrls }: ListedMember): string {
  return name === '' ? `${id} (${peerUrls.join(', ')})` : name;
}

/** Everything that a decision rests on. */
export function evidenceOf(members: readonly Member[]): Evidence {
  return {
    columns: ['member', 'etcd', 'version', 'cluster', 'id', 'leader', 'term', 'index', 'lists'],
    rows: [
      ...members.map((member) => {
        if (!isReached(member))
          return [member.name, `unreachable: ${member.reason}`, '', '', '', '', '', '', ''];
        const { identity } = member;
        const status = isLive(member) ? member.status : undefined;
        return [
          member.name,
          member.observed.installed ? stateOf(member) : 'not installed',
          status?.version ?? '',
          identity?.cluster ?? (member.kind === 'empty' ? 'no data' : '?'),
          identity?.member ?? '',
          status ? (status.leader ?? 'none') : '',
          status ? String(status.term) : '',
          status ? String(status.index) : '',
          status?.listed.map((entry) => labelOf(entry)).join(' ') ?? '',
        ];
      }),
      ...strangersOf(members).map((entry) => [
        labelOf(entry),
        'not in the inventory: left alone',
        '',
        '',
        entry.id,
        '',
        '',
        '',
        '',
      ]),
    ],
  };
}

/** A member's state in words. */
export function stateOf(member: Reached): string {
  const { unit } = member.observed;
  switch (member.kind) {
    case 'live': {
      const outside = unit.active === 'active' ? '' : `, outside of its unit, which is ${unit.active}`;
      if (!isLed(member)) return `running, cut off from a majority${outside}`;
      return `${member.status.leader === member.status.member ? 'leader' : 'follower'}${outside}`;
    }
    case 'silent':
      return silenceIn(member);
    case 'starting':
      return `${unit.active}, not ready`;
    case 'stopped':
    case 'empty':
      return unit.active;
  }
}

/** Why a member that may run cannot be asked. */
function silenceIn({ observed }: Reached): string {
  const { silence, intruders, process } = observed;
  if (intruders.length > 0) return `its port is taken: ${intruders.join(', ')}`;
  const why = silence?.words ?? 'it was not asked';
  return (process?.listens.length ?? 1) > 0
    ? `runs, and cannot be asked: ${why}`
    : `runs, and listens at no address: ${why}`;
}

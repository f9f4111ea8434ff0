import type { Answers, Evidence, Host } from 'osha';
import { clientUrlOf, peerUrlOf } from '../layout.ts';
import type { ListedMember, MemberStatus } from './status.ts';
import type { MemberObservation } from './observe.ts';
import { type Identity, identityIn } from './identity.ts';

interface Place {
  readonly name: string;
  readonly peerUrl: string;
  readonly clientUrl: string;
}

/**
 * A member as the decision classifies it.
 * - `live`: answers; without a leader if it is cut off from a majority.
 * - `silent`: runs, or another process holds its ports, and no etcd answer came. It may serve clients.
 * - `starting`: its process runs but is not ready. It becomes ready together with a majority.
 * - `stopped`: no process, but data.
 * - `empty`: no process and no data.
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

/** Returns the members in inventory order, whatever order the answers came in. */
export function membersOf(hosts: readonly Host[], answers: Answers<MemberObservation>): readonly Member[] {
  return hosts.map((host): Member => {
    const place = { name: host.name, peerUrl: peerUrlOf(host), clientUrl: clientUrlOf(host) };
    const answer = answers.get(host.name) ?? { reachable: false as const, reason: 'not queried' };
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

/** Whether it knows a leader, and so belongs to a majority. */
export function isLed(member: Live): boolean {
  return member.status.leader !== undefined;
}

/** Whether a member serves its clients. */
export function isHealthy(member: Member): member is Live {
  return isLive(member) && isLed(member) && member.status.healthy;
}

/** Whether it may serve clients, even if it cannot be queried. */
export function mayServe(member: Member): boolean {
  if (member.kind !== 'silent') return member.kind === 'live' || member.kind === 'unreachable';
  const { process, intruders } = member.observed;
  return intruders.length > 0 || (process?.listens.length ?? 1) > 0;
}

/**
 * Whether a member's data comes from an interrupted formation: the note yields the ids in the data, and the log shows
 * that the member never heard from a leader. The note alone proves nothing, because it may be older than the data.
 */
export function isForming(member: Reached): boolean {
  const { formation, data } = member.observed;
  if (!formation || !member.identity || data?.onlyBootstrap !== true) return false;
  if (member.kind !== 'stopped' && member.kind !== 'starting') return false;
  const made = identityIn(formation, member.name);
  return made?.member === member.identity.member && made.cluster === member.identity.cluster;
}

/** Number of members that form a majority of `voters`. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** Entries of the member list under the name or the address of a member, whatever their id. */
export function entriesFor(member: Member, listed: readonly ListedMember[]): readonly ListedMember[] {
  return listed.filter(({ name, peerUrls }) => name === member.name || peerUrls.includes(member.peerUrl));
}

/** Members that the running members list and the inventory does not. */
export function strangersOf(members: readonly Member[]): readonly ListedMember[] {
  const [view] = [...members.filter(isLive)].sort((a, b) => Number(isLed(b)) - Number(isLed(a)));
  const listed = view?.status.listed ?? [];
  const ids = new Set(members.map((member) => (isReached(member) ? member.identity?.member : undefined)));
  const own = new Set(members.flatMap((member) => entriesFor(member, listed)));
  return listed.filter((entry) => !ids.has(entry.id) && !own.has(entry));
}

/** Member names, for use in a sentence. */
export function names(members: readonly Pick<Member, 'name'>[]): string {
  return members.map((member) => member.name).join(', ');
}

/** How to call a listed member: its name, or id and address if it never started. */
export function labelOf({ id, name, peerUrls }: ListedMember): string {
  return name === '' ? `${id} (${peerUrls.join(', ')})` : name;
}

/** The observations behind a decision, as a table. */
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
        'not in the inventory',
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

/** Describes a member's state. */
export function stateOf(member: Reached): string {
  const { unit } = member.observed;
  switch (member.kind) {
    case 'live': {
      const outside = unit.active === 'active' ? '' : `, outside its unit (${unit.active})`;
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

/** Describes why a member that may be running cannot be queried. */
function silenceIn({ observed }: Reached): string {
  const { silence, intruders, process } = observed;
  if (intruders.length > 0) return `its port is taken: ${intruders.join(', ')}`;
  const why = silence?.words ?? 'not queried';
  return (process?.listens.length ?? 1) > 0
    ? `running, but cannot be queried: ${why}`
    : `running, but listening on no address: ${why}`;
}

import { createHash } from 'node:crypto';
import { idOf, type Identity } from './wal.ts';

/**
 * What the members of a first formation are given, the same on all of them. It is left on each host as a note beside the
 * data until the member was ready once, so that a formation that broke off can be finished as the one that it was.
 */
export interface Formation {
  /** Told to no other formation: ids follow from it, so data of an earlier cluster is never taken for this one's. */
  readonly token: string;
  /** `name=url` of every member, with commas between. */
  readonly initialCluster: string;
}

/** A formation that was not tried before. `now`, in seconds, tells it from earlier ones of the same members. */
export function newFormation(name: string, initialCluster: string, now: number): Formation {
  return { token: Number.isFinite(now) ? `${name}-${Math.floor(now)}` : name, initialCluster };
}

/** The note as it is written to a host: one line, and without characters that a shell would take for its own. */
export function noteOf({ token, initialCluster }: Formation): string {
  return `${token} ${initialCluster}`;
}

/** Reads a note; nothing where it is not one. */
export function formationOf(note: string): Formation | undefined {
  const [token, initialCluster, ...more] = note.trim().split(' ');
  return token && initialCluster && more.length === 0 ? { token, initialCluster } : undefined;
}

/**
 * Who a member is whose data was made by this formation, nothing where it has no such member. The ids are hashes, as in
 * etcd's `membership.computeMemberId` and `RaftCluster.genID`.
 */
export function identityIn({ token, initialCluster }: Formation, name: string): Identity | undefined {
  const members = initialCluster.split(',').map((member): readonly [string, bigint] => {
    const at = member.indexOf('=');
    return [member.slice(0, at), hashed(Buffer.from(`${member.slice(at + 1)}${token}`))];
  });
  const own = members.find(([one]) => one === name)?.[1];
  if (own === undefined) return undefined;
  const ids = Buffer.alloc(members.length * 8);
  members
    .map(([, id]) => id)
    .sort((a, b) => (a < b ? -1 : 1))
    .forEach((id, index) => {
      ids.writeBigUInt64BE(id, index * 8);
    });
  return { member: idOf(own), cluster: idOf(hashed(ids)) };
}

function hashed(bytes: Buffer): bigint {
  return createHash('sha1').update(bytes).digest().readBigUInt64BE(0);
}

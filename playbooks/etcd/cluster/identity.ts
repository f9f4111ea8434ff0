import { createHash } from 'node:crypto';

/** Ids of a member and its cluster, in hexadecimal, as its data has them. */
export interface Identity {
  readonly member: string;
  readonly cluster: string;
}

/** Types of WAL records (etcd, `walpb`): the identity, and an entry of the Raft log. */
const METADATA_TYPE = 1n;
const ENTRY_TYPE = 2n;

/** Type of a Raft entry that changes the membership (etcd, `raftpb`). */
const CONF_CHANGE = 1n;

/** Term of the entries that name the first members of a new cluster (etcd, `raft/bootstrap.go`). */
const BOOTSTRAP_TERM = 1n;

/**
 * Reads the identity from the beginning of a write-ahead log file, given as hexadecimal digits; undefined if it has
 * none.
 */
export function identityOf(hex: string): Identity | undefined {
  const metadata = recordsOf(hex).records.find(({ type }) => type === METADATA_TYPE);
  const fields = metadata && fieldsOf(metadata.data);
  const member = fields?.numbers.get(1);
  const cluster = fields?.numbers.get(2);
  return member !== undefined && cluster !== undefined
    ? { member: idOf(member), cluster: idOf(cluster) }
    : undefined;
}

/**
 * Whether a log holds only what its member wrote when it formed the cluster. The first leader begins with an entry of a
 * later term, so such a member never accepted anything from a leader. False if the log was not read to its end.
 */
export function isOnlyBootstrap(hex: string): boolean {
  const { records, complete } = recordsOf(hex);
  return (
    complete &&
    records
      .filter(({ type }) => type === ENTRY_TYPE)
      .every(({ data }) => {
        const entry = fieldsOf(data)?.numbers;
        return entry?.get(1) === CONF_CHANGE && entry.get(2) === BOOTSTRAP_TERM;
      })
  );
}

/** Formats an id as etcd's tools do: hexadecimal, without leading zeros. */
export function idOf(number: bigint): string {
  return number.toString(16);
}

/**
 * Parameters of a cluster's first formation, the same for all members. Each host keeps them as a note next to the data
 * until its member has been ready once, so that an interrupted formation can be completed with the same parameters.
 */
export interface Formation {
  /** Unique to this formation: ids derive from it, so data of an earlier cluster is never mistaken for this one's. */
  readonly token: string;
  /** `name=url` of every member, separated by commas. */
  readonly initialCluster: string;
}

/** Parameters of a new formation. `now`, in seconds, distinguishes it from earlier ones of the same members. */
export function newFormation(name: string, initialCluster: string, now: number): Formation {
  return { token: Number.isFinite(now) ? `${name}-${Math.floor(now)}` : name, initialCluster };
}

/** The note as written to a host: one line without characters that are special to a shell. */
export function noteOf({ token, initialCluster }: Formation): string {
  return `${token} ${initialCluster}`;
}

/** Parses a note; undefined if it is malformed. */
export function formationOf(note: string): Formation | undefined {
  const [token, initialCluster, ...more] = note.trim().split(' ');
  return token && initialCluster && more.length === 0 ? { token, initialCluster } : undefined;
}

/**
 * Computes the identity that this formation gives to a member, undefined if it has no such member. The ids are hashes,
 * as in etcd's `membership.computeMemberId` and `RaftCluster.genID`.
 */
export function identityIn({ token, initialCluster }: Formation, name: string): Identity | undefined {
  const members = initialCluster.split(',').map((member): readonly [string, bigint] => {
    const at = member.indexOf('=');
    return [member.slice(0, at), hashOf(Buffer.from(`${member.slice(at + 1)}${token}`))];
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
  return { member: idOf(own), cluster: idOf(hashOf(ids)) };
}

function hashOf(bytes: Buffer): bigint {
  return createHash('sha1').update(bytes).digest().readBigUInt64BE(0);
}

interface LogRecord {
  readonly type: bigint;
  readonly data: Buffer;
}

interface LogRecords {
  readonly records: readonly LogRecord[];
  /** Whether the end of the log was seen: the rest of the file is zeros. */
  readonly complete: boolean;
}

/**
 * Reads the records of a log file. Each is a protocol buffer after eight bytes with its length (etcd,
 * `server/wal/encoder.go`). Every file begins with a checksum record and the metadata record.
 */
function recordsOf(hex: string): LogRecords {
  const bytes = Buffer.from(hex, 'hex');
  const records: LogRecord[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    // The highest of the eight bytes holds the padding of the record to a multiple of eight.
    const head = bytes.readBigUInt64LE(at);
    if (head === 0n) return { records, complete: true };
    const length = Number(head & 0xff_ffff_ffff_ffffn);
    const padding = head >> 63n === 1n ? Number((head >> 56n) & 0x7n) : 0;
    if (length === 0 || at + 8 + length > bytes.length) break;
    const record = fieldsOf(bytes.subarray(at + 8, at + 8 + length));
    if (!record) break;
    records.push({ type: record.numbers.get(1) ?? 0n, data: record.texts.get(3) ?? Buffer.alloc(0) });
    at += 8 + length + padding;
  }
  return { records, complete: false };
}

interface Fields {
  readonly numbers: ReadonlyMap<number, bigint>;
  readonly texts: ReadonlyMap<number, Buffer>;
}

/** Reads a protocol buffer of numbers and byte strings; undefined if it is none. */
function fieldsOf(bytes: Buffer): Fields | undefined {
  const numbers = new Map<number, bigint>();
  const texts = new Map<number, Buffer>();
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) return undefined;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    if (tag === undefined || value === undefined) return undefined;
    const field = Number(tag >> 3n);
    if ((tag & 7n) === 0n) numbers.set(field, value);
    else if ((tag & 7n) === 2n) {
      texts.set(field, bytes.subarray(at, at + Number(value)));
      at += Number(value);
    } else return undefined;
  }
  return { numbers, texts };
}

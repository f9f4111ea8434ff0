/** Who a member is, as its data says it: 16 hexadecimal digits each. */
export interface Identity {
  readonly member: string;
  readonly cluster: string;
}

/** Of etcd's `walpb`: the types of the records with the identity, and with an entry of the Raft log. */
const METADATA_TYPE = 1n;
const ENTRY_TYPE = 2n;

/** Of etcd's `raftpb`: the type of an entry that changes the cluster's members. */
const CONF_CHANGE = 1n;

/** The term under which a member that forms a cluster writes its first members down (etcd, `raft/bootstrap.go`). */
const BOOTSTRAP_TERM = 1n;

/** The identity at the beginning of a file of etcd's write-ahead log, given in hexadecimal digits; nothing where it is not there. */
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
 * True where a log holds nothing but what its member wrote when it formed the cluster: the first leader of a cluster
 * begins with an entry under a later term, so this member never accepted anything from one. False where the log was not
 * read to its end.
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

/** An id as etcd's tools write it: hexadecimal, without leading zeros. */
export function idOf(number: bigint): string {
  return number.toString(16);
}

interface LogRecord {
  readonly type: bigint;
  readonly data: Buffer;
}

interface LogRecords {
  readonly records: readonly LogRecord[];
  /** Whether the end of the log was seen: the file is filled with zeros behind it. */
  readonly complete: boolean;
}

/**
 * The records of a log file: each stands behind eight bytes with its length (etcd, `server/wal/encoder.go`), and is a
 * protocol buffer. Every file begins with a checksum record and the metadata record.
 */
function recordsOf(hex: string): LogRecords {
  const bytes = Buffer.from(hex, 'hex');
  const records: LogRecord[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    // The highest of the eight bytes says how the record is padded to a multiple of eight.
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

/** The fields of a protocol buffer that has only numbers and byte strings; nothing where it is none. */
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

/** Who a member is, as its data says it: 16 hexadecimal digits each. */
export interface Identity {
  readonly member: string;
  readonly cluster: string;
}

/** Of etcd's `walpb`: the type of the record with the identity. */
const METADATA_TYPE = 1n;

/**
 * The identity at the beginning of a file of etcd's write-ahead log, given in hexadecimal digits; nothing where it is
 * not there. Every such file begins with a checksum record and the metadata record; a record stands behind eight bytes
 * with its length (etcd, `server/wal/encoder.go`), and both are protocol buffers.
 */
export function identityOf(hex: string): Identity | undefined {
  const bytes = Buffer.from(hex, 'hex');
  let at = 0;
  while (at + 8 <= bytes.length) {
    // The highest of the eight bytes says how the record is padded to a multiple of eight.
    const head = bytes.readBigUInt64LE(at);
    const length = Number(head & 0xff_ffff_ffff_ffffn);
    const padding = head >> 63n === 1n ? Number((head >> 56n) & 0x7n) : 0;
    if (length === 0 || at + 8 + length > bytes.length) return undefined;
    const record = fieldsOf(bytes.subarray(at + 8, at + 8 + length));
    if (record?.numbers.get(1) === METADATA_TYPE) {
      const metadata = fieldsOf(record.texts.get(3) ?? Buffer.alloc(0));
      const member = metadata?.numbers.get(1);
      const cluster = metadata?.numbers.get(2);
      return member !== undefined && cluster !== undefined
        ? { member: idOf(member), cluster: idOf(cluster) }
        : undefined;
    }
    at += 8 + length + padding;
  }
  return undefined;
}

/** An id as etcd's tools write it: hexadecimal, without leading zeros. */
export function idOf(number: bigint): string {
  return number.toString(16);
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

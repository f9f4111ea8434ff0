/** The few pieces of DER (ITU-T X.690) that a certificate is made of. */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function value(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const size = bytesOf(BigInt(content.length));
  return Buffer.concat([Buffer.of(tag, 0x80 | size.length), size, content]);
}

/** A number above 0, most significant byte first. */
function bytesOf(number: bigint): Uint8Array {
  const hex = number.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

export function sequence(...items: readonly Uint8Array[]): Uint8Array {
  return value(TAG.sequence, ...items);
}

export function set(...items: readonly Uint8Array[]): Uint8Array {
  return value(TAG.set, ...items);
}

/** A number of 0 or more, or the bytes of one. */
export function integer(number: number | Uint8Array): Uint8Array {
  const all = typeof number === 'number' ? Buffer.of(number) : Buffer.from(number);
  const first = all.findIndex((byte) => byte !== 0);
  const bytes = first < 0 ? Buffer.of(0) : all.subarray(first);
  // A first bit would make it negative.
  return value(TAG.integer, ...((bytes[0] ?? 0) >= 0x80 ? [Buffer.of(0)] : []), bytes);
}

export function boolean(yes: boolean): Uint8Array {
  return value(TAG.boolean, Buffer.of(yes ? 0xff : 0));
}

export function nothing(): Uint8Array {
  return value(TAG.null);
}

export function utf8(text: string): Uint8Array {
  return value(TAG.utf8, Buffer.from(text, 'utf8'));
}

export function octetString(content: Uint8Array): Uint8Array {
  return value(TAG.octetString, content);
}

/** Whole bytes; `unused` bits at their end do not count. */
export function bitString(content: Uint8Array, unused = 0): Uint8Array {
  return value(TAG.bitString, Buffer.of(unused), content);
}

/** An object identifier as it is written: `2.5.29.17`. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return value(TAG.oid, ...[first * 40 + second, ...rest].map(base128));
}

function base128(number: number): Uint8Array {
  const digits = [number & 0x7f];
  for (let left = number >> 7; left > 0; left >>= 7) digits.unshift(0x80 | (left & 0x7f));
  return Buffer.from(digits);
}

/** A time in seconds since 1970. RFC 5280 wants UTCTime until the end of 2049, and GeneralizedTime after. */
export function time(seconds: number): Uint8Array {
  const digits = new Date(seconds * 1000)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '');
  const year = Number(digits.slice(0, 4));
  return year < 2050
    ? value(TAG.utcTime, Buffer.from(digits.slice(2)))
    : value(TAG.generalizedTime, Buffer.from(digits));
}

/** What stands under a number of its own in a structure; `constructed` where it holds values in turn. */
export function tagged(number: number, constructed: boolean, ...contents: readonly Uint8Array[]): Uint8Array {
  return value(0x80 | (constructed ? 0x20 : 0) | number, ...contents);
}

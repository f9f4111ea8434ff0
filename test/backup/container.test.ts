import { describe, expect, it } from 'vitest';
import {
  BackupComposer,
  BackupReader,
  FOOTER_BYTES,
  type BackupHeader,
  type CheckedBackup,
} from '../../src/backup/container.ts';

const HEADER: BackupHeader = {
  deployment: 'lab',
  system: 'galera',
  member: 'c3',
  time: '2026-08-01T12:00:00.000Z',
  version: '10.11.11-MariaDB',
  position: 'aaaaaaaa-0000-11f0-8000-000000000001:42',
  compression: 'zstd',
  dataBytes: 1000,
  tables: new Map([
    ['keystone.user', 7],
    ['with "quotes"\n.and ☃', 0],
  ]),
};
const BODY = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 256));

async function composed(body = BODY): Promise<{ readonly bytes: Buffer; readonly made: CheckedBackup }> {
  const pieces: Uint8Array[] = [];
  const composer = new BackupComposer(HEADER, (bytes) => {
    pieces.push(bytes);
    return Promise.resolve();
  });
  await composer.begin();
  await composer.body(body.subarray(0, 100));
  await composer.body(body.subarray(100));
  const made = await composer.finish();
  return { bytes: Buffer.concat(pieces), made };
}

/** What a reader finds in bytes that arrive in pieces of `size`. */
function read(bytes: Buffer, size: number): { readonly body: Buffer; readonly checked: CheckedBackup } {
  const reader = new BackupReader();
  const body: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    body.push(Buffer.from(reader.take(bytes.subarray(at, at + size))));
  }
  return { body: Buffer.concat(body), checked: reader.finish() };
}

it.each([1, 7, 127, 128, 129, 1000, 1_000_000])(
  'a backup is read as it was written, in pieces of %i bytes',
  async (size) => {
    const { bytes, made } = await composed();
    const { body, checked } = read(bytes, size);
    expect(body.equals(BODY)).toBe(true);
    expect(checked).toEqual(made);
    expect(checked.header).toEqual(HEADER);
  },
);

it('a backup without data is whole', async () => {
  const { bytes } = await composed(Buffer.alloc(0));
  expect(read(bytes, 50).body.length).toBe(0);
});

it('the last line has a fixed size, and the first line is JSON', async () => {
  const { bytes, made } = await composed();
  const footer = bytes.subarray(-FOOTER_BYTES).toString();
  expect(footer.startsWith('\n{')).toBe(true);
  expect(JSON.parse(footer)).toEqual({ sha256: made.sha256, bytes: BODY.length });
  const first = bytes.subarray(0, bytes.indexOf('\n')).toString();
  expect(JSON.parse(first)).toMatchObject({
    'osha-backup': 1,
    deployment: 'lab',
    tables: { 'keystone.user': 7 },
  });
});

describe('a backup is refused', () => {
  type Damage = (bytes: Buffer) => Buffer;
  const cut =
    (end: number): Damage =>
    (bytes) =>
      bytes.subarray(0, end);
  const flipped =
    (at: number): Damage =>
    (bytes) => {
      const copy = Buffer.from(bytes);
      const index = at < 0 ? bytes.length + at : at;
      copy[index] = (copy[index] ?? 0) ^ 1;
      return copy;
    };
  const cases: readonly (readonly [name: string, damage: Damage, message: string])[] = [
    ['that is empty', cut(0), 'not a backup'],
    ['that ends in its first line', cut(50), 'not a backup'],
    ['that ends in its data', cut(3000), 'truncated or damaged'],
    ['without its last byte', cut(-1), 'truncated or damaged'],
    ['without its last line', cut(-FOOTER_BYTES), 'truncated or damaged'],
    [
      'with something after its end',
      (bytes) => Buffer.concat([bytes, Buffer.from('x')]),
      'truncated or damaged',
    ],
    ['with another bit in its first line', flipped(40), 'damaged'],
    ['with another bit in its data', flipped(-1000), 'its checksum is wrong'],
    ['with another checksum', flipped(-100), 'its checksum is wrong'],
    ['of a newer format', () => Buffer.from('{"osha-backup":2,"x":1}\n'), 'newer version'],
    ['that is something else', () => Buffer.from('-- MariaDB dump\n'), 'not a backup'],
    ['whose first line is no JSON', () => Buffer.from('{"osha-backup":1,\n'), 'not JSON'],
    ['whose first line lacks something', () => Buffer.from('{"osha-backup":1,"tables":{}}\n'), 'has no'],
  ];
  it.each(cases)('%s', async (_, damage, message) => {
    const { bytes } = await composed();
    expect(() => read(damage(bytes), 64)).toThrow(message);
  });

  it('wherever it is cut', async () => {
    const { bytes } = await composed(BODY.subarray(0, 100));
    for (let end = 0; end < bytes.length; end += 1) {
      expect(() => read(bytes.subarray(0, end), 10_000), `${end}`).toThrow();
    }
  });
});

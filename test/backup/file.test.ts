import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BackupHeader } from '../../src/backup/container.ts';
import { BackupFile, checkRecipients, readBackup, readHeader } from '../../src/backup/file.ts';
import { folderForTest } from '../support/temporary-folder.ts';

const HEADER: BackupHeader = {
  deployment: 'lab',
  system: 'galera',
  member: 'c3',
  time: '2026-08-01T12:00:00.000Z',
  version: '10.11.11-MariaDB',
  position: 'uuid:42',
  compression: 'gzip',
  dataBytes: 1000,
  tables: new Map([['secret_project.rows', 7]]),
};
const BODY = Buffer.alloc(300_000, 'data ');
const { signal } = new AbortController();

async function written(path: string, recipients: readonly string[] = []): Promise<string> {
  const file = await BackupFile.create(path, recipients);
  await file.begin(HEADER);
  for (let at = 0; at < BODY.length; at += 70_000) await file.body(BODY.subarray(at, at + 70_000));
  expect(existsSync(path)).toBe(false);
  return (await file.finish(() => undefined)).sha256;
}

async function bodyOf(path: string, identities: readonly string[] = []): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await readBackup(path, identities, { signal, onBody: (bytes) => void pieces.push(Buffer.from(bytes)) });
  return Buffer.concat(pieces);
}

it('a backup gets its name when it is complete, and only its owner can read it', async () => {
  const path = join(folderForTest(), 'a.osha-backup');
  const sha256 = await written(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(existsSync(`${path}.part`)).toBe(false);
  expect(await bodyOf(path)).toEqual(BODY);
  expect((await readBackup(path, [], { signal })).sha256).toBe(sha256);
  expect(await readHeader(path, [])).toEqual(HEADER);
});

it('what a killed run left is replaced, and a discarded backup leaves nothing', async () => {
  const path = join(folderForTest(), 'a.osha-backup');
  writeFileSync(`${path}.part`, 'left over', { mode: 0o644 });
  const file = await BackupFile.create(path, []);
  expect(statSync(`${path}.part`).mode & 0o777).toBe(0o600);
  await file.begin(HEADER);
  await file.discard();
  expect([existsSync(path), existsSync(`${path}.part`)]).toEqual([false, false]);
});

it('a backup that is rejected at its end does not get its name', async () => {
  const path = join(folderForTest(), 'a.osha-backup');
  const file = await BackupFile.create(path, []);
  await file.begin(HEADER);
  const reject = (): never => {
    throw new Error('rejected');
  };
  await expect(file.finish(reject)).rejects.toThrow('rejected');
  await file.discard();
  expect([existsSync(path), existsSync(`${path}.part`)]).toEqual([false, false]);
});

it('an encrypted backup tells nothing without its identity, and is the same with it', async () => {
  const path = join(folderForTest(), 'a.osha-backup');
  const [mine, theirs, stranger] = await Promise.all([1, 2, 3].map(() => generateX25519Identity()));
  if (!mine || !theirs || !stranger) throw new Error('no identities');
  const sha256 = await written(path, [await identityToRecipient(mine), await identityToRecipient(theirs)]);
  expect(readFileSync(path).includes('secret_project')).toBe(false);
  for (const identity of [mine, theirs]) {
    expect(await bodyOf(path, [identity])).toEqual(BODY);
    expect((await readBackup(path, [identity], { signal })).sha256).toBe(sha256);
  }
  await expect(readHeader(path, [])).rejects.toMatchObject({
    message: 'the backup is encrypted',
    exitCode: 5,
  });
  await expect(readHeader(path, [stranger])).rejects.toThrow('for others than this identity');
  truncateSync(path, statSync(path).size - 70_000);
  await expect(readBackup(path, [mine], { signal })).rejects.toThrow('truncated or damaged');
});

it('what is no recipient is refused', async () => {
  await expect(checkRecipients(['age1nonsense'])).rejects.toThrow('not an age recipient: age1nonsense');
});

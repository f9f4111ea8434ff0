import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../../../src/runner/events.ts';
import type { OshaResult } from '../support/osha.ts';

/** Where this test writes backups. */
export const FOLDER = mkdtempSync(join(tmpdir(), 'osha-backups-'));
export const PLAIN = join(FOLDER, 'plain.osha-backup');
export const SEALED = join(FOLDER, 'sealed.osha-backup');
export const IDENTITY = join(FOLDER, 'key.txt');

/** Makes a key, and returns what encrypts for it. */
export async function recipient(): Promise<string> {
  const identity = await generateX25519Identity();
  writeFileSync(IDENTITY, `# a key of this test\n${identity}\n`, { mode: 0o600 });
  return identityToRecipient(identity);
}

export type BackedUp = Extract<RunEvent, { event: 'backed-up' }>;

/** What a backup says about itself. */
export function backedUpBy({ events, stderr }: OshaResult): BackedUp {
  const found = events.find((event) => event.event === 'backed-up');
  if (!found) throw new Error(`no backup was made: ${stderr}`);
  return found;
}

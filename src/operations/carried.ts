import type { Host } from '../inventory/types.ts';
import type { CarriedSecret, LineOfFile } from '../playbook/carried-secret.ts';
import type { Operation } from '../playbook/operation.ts';
import type { Secret } from '../secrets/secret.ts';
import * as file from './file.ts';

/** Readable by root only: secrets of which the system itself keeps only a hash. */
const RECORDS = '/etc/osha/secrets';

/** The secret is the whole content of a file. */
export function whole(secret: string, hosts: readonly Host[], path: string): CarriedSecret {
  return { secret, hosts, path, where: { in: 'file' } };
}

/** The secret is part of a line in a file that osha placed. */
export function inLine(
  secret: string,
  hosts: readonly Host[],
  path: string,
  line: LineOfFile,
): CarriedSecret {
  return { secret, hosts, path, where: { in: 'line', ...line } };
}

function recordOf(secret: string): string {
  // A secret's name may contain an account name from the inventory.
  return `${RECORDS}/${encodeURIComponent(secret)}`;
}

/** The secret is on record; see `record`. */
export function recorded(secret: string, hosts: readonly Host[]): CarriedSecret {
  return whole(secret, hosts, recordOf(secret));
}

/**
 * Records a secret on the host, readable by root only, because its system does not keep it. Do this once the secret is
 * in use, so that the record matches what the system accepts.
 */
export function record(secret: Secret): readonly Operation[] {
  return [
    file.directory(RECORDS, { mode: 0o700 }),
    file.content(recordOf(secret.name), { content: secret, mode: 0o600 }),
  ];
}

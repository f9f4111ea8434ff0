import type { Host } from '../inventory/types.ts';
import type { CarriedSecret, LineOfFile } from '../playbook/carried-secret.ts';
import type { Operation } from '../playbook/operation.ts';
import type { Secret } from '../secrets/secret.ts';
import * as file from './file.ts';

/** Where root alone finds the secrets of which a system keeps no more than a hash. */
const RECORDS = '/etc/osha/secrets';

/** The secret is all that a file holds. */
export function whole(secret: string, hosts: readonly Host[], path: string): CarriedSecret {
  return { secret, hosts, path, where: { in: 'file' } };
}

/** The secret stands in a line of a file that osha placed. */
export function inLine(
  secret: string,
  hosts: readonly Host[],
  path: string,
  line: LineOfFile,
): CarriedSecret {
  return { secret, hosts, path, where: { in: 'line', ...line } };
}

function recordOf(secret: string): string {
  // A name may hold what the inventory calls an account.
  return `${RECORDS}/${encodeURIComponent(secret)}`;
}

/** The secret is on record; see `record`. */
export function recorded(secret: string, hosts: readonly Host[]): CarriedSecret {
  return whole(secret, hosts, recordOf(secret));
}

/**
 * Keeps a secret for root alone on the host, because its system does not: to be done once it is in use, so that
 * what is on record is what counts.
 */
export function record(secret: Secret): readonly Operation[] {
  return [
    file.directory(RECORDS, { mode: 0o700 }),
    file.content(recordOf(secret.name), { content: secret, mode: 0o600 }),
  ];
}

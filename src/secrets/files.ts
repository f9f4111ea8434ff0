import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the file of secrets is called, which stands beside the inventory. */
export const SECRETS_NAME = 'secrets.yaml';

/** Where the secrets of an inventory stand. */
export interface SecretsFiles {
  /** `secrets.yaml` beside the inventory. */
  readonly plain: string;
  /** `secrets.yaml.age` beside the inventory. */
  readonly sealed: string;
}

export type SecretsState = 'none' | 'plain' | 'sealed' | 'both';

export function secretsFilesOf(inventoryFile: string): SecretsFiles {
  const plain = join(dirname(inventoryFile), SECRETS_NAME);
  return { plain, sealed: `${plain}.age` };
}

/** Which of the files there are. `both` is a mistake: nobody knows which one counts. */
export function secretsState(files: SecretsFiles): SecretsState {
  const plain = isThere(files.plain);
  const sealed = isThere(files.sealed);
  if (plain && sealed) return 'both';
  return plain ? 'plain' : sealed ? 'sealed' : 'none';
}

/**
 * A link that leads nowhere, or a folder that may not be searched, is no sign that there are no secrets yet: they may be on a
 * disk that is not mounted.
 */
function isThere(file: string): boolean {
  try {
    lstatSync(file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}

/** What the files hold now, as a checksum: another one says that somebody wrote them. */
export function snapshotOf(files: SecretsFiles): string {
  return [files.plain, files.sealed].map(checksumOf).join(' ');
}

function checksumOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'none' : code;
  }
}

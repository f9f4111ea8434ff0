import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join, basename } from 'node:path';
import { execFile } from 'node:child_process';
import { START, type LocatedProblem } from '../yaml/problem.ts';
import { targetOf } from './whole-file.ts';

/** The name of the secrets file, next to the inventory. */
export const SECRETS_NAME = 'secrets.yaml';

/** The files of an inventory's secrets. */
export interface SecretsFiles {
  /** `secrets.yaml` next to the inventory. */
  readonly plain: string;
  /** `secrets.yaml.age` next to the inventory. */
  readonly sealed: string;
}

export type SecretsState = 'none' | 'plain' | 'sealed' | 'both';

export function secretsFilesOf(inventoryFile: string): SecretsFiles {
  const plain = join(dirname(inventoryFile), SECRETS_NAME);
  return { plain, sealed: `${plain}.age` };
}

/** Which of the files exist. `both` is a mistake: it is unclear which one is current. */
export function secretsState(files: SecretsFiles): SecretsState {
  const plain = isThere(files.plain);
  const sealed = isThere(files.sealed);
  if (plain && sealed) return 'both';
  return plain ? 'plain' : sealed ? 'sealed' : 'none';
}

/** A checksum of both files; a different one means that they were written. */
export function snapshotOf(files: SecretsFiles): string {
  return [files.plain, files.sealed].map(checksumOf).join(' ');
}

/**
 * A warning where git tracks the plain secrets next to an inventory, even if the file does not exist at the moment.
 * None where there is no git, no repository, or none that git can read. Sealed secrets may be in a repository.
 */
export async function trackedSecrets(inventoryFile: string): Promise<readonly LocatedProblem[]> {
  const { plain: file } = secretsFilesOf(inventoryFile);
  if (!(await isTracked(file))) return [];
  const message = 'git tracks this file: everyone with access to the repository can read the secrets';
  const hint = `git rm --cached ${file}, and replace those that were pushed with: osha secrets rotate INVENTORY NAME`;
  return [{ severity: 'warning', file, ...START, message, hint }];
}

/**
 * A dangling link, or a folder that may not be searched, does not mean that there are no secrets yet: they may be on a
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

function checksumOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'none' : code;
  }
}

/** Milliseconds; a repository on a hanging network file system must not block osha. */
const LIMIT_MS = 5000;

function isTracked(file: string): Promise<boolean> {
  const target = targetOf(file);
  // A repository's configuration can name an fsmonitor program, which must not run for this query.
  const args = ['-c', 'core.fsmonitor=false', 'ls-files', '--error-unmatch', '--', basename(target)];
  return new Promise((resolve) => {
    execFile('git', args, { cwd: dirname(target), timeout: LIMIT_MS }, (error) => resolve(error === null));
  });
}

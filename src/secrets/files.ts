import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join, basename } from 'node:path';
import { execFile } from 'node:child_process';
import { START, type LocatedProblem } from '../yaml/problem.ts';
import { targetOf } from './whole-file.ts';

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

/** What the files hold now, as a checksum: another one says that somebody wrote them. */
export function snapshotOf(files: SecretsFiles): string {
  return [files.plain, files.sealed].map(checksumOf).join(' ');
}

/**
 * A warning where git tracks the plain secrets beside an inventory, also where they are not there at the moment. Nothing
 * where there is no git, no repository, or none that git is willing to read. Sealed secrets may be in a repository.
 */
export async function trackedSecrets(inventoryFile: string): Promise<readonly LocatedProblem[]> {
  const { plain: file } = secretsFilesOf(inventoryFile);
  if (!(await isTracked(file))) return [];
  const message = 'git tracks this file: everyone with the repository has the secrets';
  const hint = `git rm --cached ${file}, and replace those that were pushed with: osha secrets rotate INVENTORY NAME`;
  return [{ severity: 'warning', file, ...START, message, hint }];
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

function checksumOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'none' : code;
  }
}

/** Milliseconds: a repository on a network file system that hangs is no reason to wait. */
const LIMIT_MS = 5000;

function isTracked(file: string): Promise<boolean> {
  const target = targetOf(file);
  // A repository's own configuration can name a program for fsmonitor, which is not to be run just for this question.
  const args = ['-c', 'core.fsmonitor=false', 'ls-files', '--error-unmatch', '--', basename(target)];
  return new Promise((resolve) => {
    execFile('git', args, { cwd: dirname(target), timeout: LIMIT_MS }, (error) => resolve(error === null));
  });
}

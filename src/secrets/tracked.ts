import { execFile } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { START, type LocatedProblem } from '../yaml/problem.ts';
import { secretsFilesOf } from './files.ts';
import { targetOf } from './whole-file.ts';

/** Milliseconds: a repository on a network file system that hangs is no reason to wait. */
const LIMIT_MS = 5000;

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

function isTracked(file: string): Promise<boolean> {
  const target = targetOf(file);
  // A repository's own configuration can name a program for fsmonitor, which is not to be run just for this question.
  const args = ['-c', 'core.fsmonitor=false', 'ls-files', '--error-unmatch', '--', basename(target)];
  return new Promise((resolve) => {
    execFile('git', args, { cwd: dirname(target), timeout: LIMIT_MS }, (error) => resolve(error === null));
  });
}

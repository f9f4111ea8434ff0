import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { LAB_DIR } from '../paths.ts';
import { changesOf, failuresOf, osha, prunableOf } from '../support/osha.ts';
import type { Architecture, Aspect } from './architecture.ts';
import { ADDITIONS, EDITS, type Edit } from './edits.ts';
import { expectNothingToDo } from './whole.ts';

const COPIED_SECRETS = join(LAB_DIR, 'secrets.yaml');

/** A changed value in the inventory changes just that on the hosts. */
export const oneChange: Aspect = {
  title: 'single changes of the inventory',
  fits: ({ name }) => [...EDITS, ...ADDITIONS].some(({ architecture }) => architecture === name),
  tests: (architecture) => {
    const { file, name } = architecture;
    const ofThis = (edit: Edit): boolean => edit.architecture === name;

    it.each(EDITS.filter(ofThis).map((edit) => [edit.title, edit] as const))('%s', async (_, edit) => {
      expectExactly(edit.changes, await deployed(editedCopy(architecture, edit)));
      expectExactly(edit.changes, await deployed(file));
      await expectNothingToDo(architecture);
    });

    for (const addition of ADDITIONS.filter(ofThis)) {
      it(addition.title, async () => {
        expectExactly(addition.changes, await deployed(editedCopy(architecture, addition)));
      });

      it(`${addition.title}: removed from the inventory, it is reported, and removed only with --prune`, async () => {
        const told = await osha('deploy', file, '--json');
        expect(told.exitCode, told.stderr).toBe(0);
        expect(prunableOf(told)).toEqual([expect.stringMatching(addition.prunable)]);
        expect(changesOf(told).filter((change) => addition.prunable.test(change))).toEqual([]);
        const pruned = await deployed(file, '--prune', '--yes');
        expect(pruned).toEqual([expect.stringMatching(addition.prunable)]);
        const again = await osha('deploy', file, '--json');
        expect(prunableOf(again)).toEqual([]);
        await expectNothingToDo(architecture);
      });
    }

    // Restores the deployment for later aspects even if a test failed midway.
    afterAll(async () => {
      rmSync(copyOf(architecture), { force: true });
      rmSync(COPIED_SECRETS, { force: true });
      await osha('deploy', file, '--prune', '--yes');
    });
  },
};

/** Deploys an inventory, which must succeed; returns the changes. */
async function deployed(file: string, ...options: readonly string[]): Promise<readonly string[]> {
  const result = await osha('deploy', file, '--json', ...options);
  expect(failuresOf(result)).toEqual([]);
  expect(result.exitCode, result.stderr).toBe(0);
  return changesOf(result);
}

/** Expects every change to match a pattern, and every pattern to match a change. */
function expectExactly(expected: readonly RegExp[], changes: readonly string[]): void {
  expect(changes.filter((change) => !expected.some((pattern) => pattern.test(change)))).toEqual([]);
  const absent = expected.filter((pattern) => !changes.some((change) => pattern.test(change)));
  expect(absent, changes.join('\n')).toEqual([]);
}

/**
 * Writes a copy of an architecture's inventory with one edit, with its secrets next to it. Its folder is as deep as
 * `inventory/`, so that relative paths resolve to the same files.
 */
function editedCopy(architecture: Architecture, { edit }: Edit): string {
  const document = parseDocument(readFileSync(architecture.file, 'utf8'));
  edit(document);
  const copy = copyOf(architecture);
  writeFileSync(copy, document.toString());
  const secrets = join(dirname(architecture.file), 'secrets.yaml');
  if (existsSync(secrets)) copyFileSync(secrets, COPIED_SECRETS);
  return copy;
}

function copyOf({ name }: Architecture): string {
  return join(LAB_DIR, `${name}.yaml`);
}

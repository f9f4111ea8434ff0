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

/** One value that is changed in the inventory changes that on the hosts, and nothing else. */
export const oneChange: Aspect = {
  title: 'one change of the inventory',
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

      it(`${addition.title}: taken out of the inventory, it is told, and removed with --prune only`, async () => {
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

    // A test that failed half way must not leave another inventory's deployment to the aspects after it.
    afterAll(async () => {
      rmSync(copyOf(architecture), { force: true });
      rmSync(COPIED_SECRETS, { force: true });
      await osha('deploy', file, '--prune', '--yes');
    });
  },
};

/** Deploys an inventory, which must succeed; what it changed. */
async function deployed(file: string, ...options: readonly string[]): Promise<readonly string[]> {
  const result = await osha('deploy', file, '--json', ...options);
  expect(failuresOf(result)).toEqual([]);
  expect(result.exitCode, result.stderr).toBe(0);
  return changesOf(result);
}

/** Every change is one of those that were expected, and each of those is there. */
function expectExactly(expected: readonly RegExp[], changes: readonly string[]): void {
  expect(changes.filter((change) => !expected.some((pattern) => pattern.test(change)))).toEqual([]);
  const absent = expected.filter((pattern) => !changes.some((change) => pattern.test(change)));
  expect(absent, changes.join('\n')).toEqual([]);
}

/**
 * A copy of an architecture's inventory with one edit, its secrets beside it. It stands in the folder of the lab, as deep as
 * `inventory/`, so that paths in it lead to the same files.
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

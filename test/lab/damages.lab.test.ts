import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INVENTORY, on } from './core/hosts.ts';
import { DAMAGES } from './damages/damages.ts';
import { foretoldAndDone, type Row } from './damages/foretold.ts';
import { hostsForAll } from './support/life.ts';
import { untilHealthy } from './support/healthy.ts';
import { failuresOf, osha, prunableOf, summaryOf } from './support/osha.ts';
import { table } from './support/table.ts';

/**
 * Damages a deployed cluster in many ways, one at a time: `plan --diff` names exactly what `deploy` then does, nothing is
 * unknown, and afterwards everything is converged and healthy. OSHA_DAMAGES selects damages by a part of their title.
 */
hostsForAll({ inventory: INVENTORY, replace: true, stage: 'baked' });

const wanted = process.env['OSHA_DAMAGES'];
const damages = DAMAGES.filter(({ what }) => wanted === undefined || what.includes(wanted));
const rows: Row[] = [];

beforeAll(async () => {
  const deployed = await osha('deploy', INVENTORY, '--json');
  expect(failuresOf(deployed)).toEqual([]);
  await untilHealthy(INVENTORY, 180_000);
});

afterAll(() => {
  const cells = rows.map(({ damage, foretold, done, unknown, seconds }) => [
    damage.what,
    String(foretold.length),
    String(done.length),
    String(unknown.length),
    foretold.join('; ') === done.join('; ') ? 'yes' : 'NO',
    seconds.toFixed(0),
  ]);
  const head = ['damage', 'foretold', 'done', 'unknown', 'the same', 'seconds'];
  process.stdout.write(`${table(head, cells)}\n`);
});

describe('plan --diff predicts exactly what deploy does if', () => {
  it.each(damages.map((damage) => [damage.what, damage] as const))('%s', async (_what, damage) => {
    await on(damage.host, damage.script);
    const row = await foretoldAndDone(damage);
    rows.push(row);
    const file = process.env['OSHA_DAMAGES_LOG'];
    if (file !== undefined) writeFileSync(file, `${JSON.stringify(row)}\n`, { flag: 'a' });
    expect(row.done, 'what deploy did, against what the plan foretold').toEqual(row.foretold);
    expect(row.unknown).toEqual([]);
    if (damage.leftToOperator) {
      expect(row.planFailures.join('\n')).toMatch(damage.leftToOperator.says);
      expect(row.deployFailures.join('\n')).toMatch(damage.leftToOperator.says);
      await on(damage.host, damage.leftToOperator.repair);
    } else {
      expect(row.planFailures).toEqual([]);
      expect(row.deployFailures).toEqual([]);
      if (damage.leftAlone === undefined) expect(row.done).not.toEqual([]);
      else {
        expect(row.done).toEqual([]);
        await on(damage.host, damage.leftAlone);
      }
    }
    await untilHealthy(INVENTORY, 120_000);
    const after = await osha('plan', INVENTORY, '--diff', '--json', '--exit-code');
    expect(after.exitCode, `${after.stdout}${after.stderr}`).toBe(0);
    expect(summaryOf(after)).toMatchObject({ changes: 0, unknown: 0 });
    expect(prunableOf(after)).toEqual([]);
  });
});

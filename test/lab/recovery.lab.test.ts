import { afterAll, describe, expect, it } from 'vitest';
import { INVENTORY } from './core/hosts.ts';
import { deployedWithAClient, nothingLost } from './harm/client.ts';
import { said } from './harm/said.ts';
import { BLACKOUTS } from './recovery/blackouts.ts';
import { untilHealthy } from './support/healthy.ts';
import { hostsForAll } from './support/life.ts';
import { changesOf, osha, summaryOf } from './support/osha.ts';
import { table } from './support/table.ts';

interface Row {
  readonly what: string;
  readonly changes: number;
  readonly ended: string;
  readonly seconds: number;
}

const chosen = (process.env['OSHA_BLACKOUTS'] ?? '').split(',').filter((word) => word !== '');
const rows: Row[] = [];

/**
 * Outages of a deployment while a client writes: `osha recover` ends healthy with every acknowledged row, or refuses with the
 * reason. OSHA_BLACKOUTS=WORDS,... limits the list.
 */
hostsForAll({ inventory: INVENTORY, replace: true, stage: 'baked' });

describe('a deployed cluster with a client', deployedWithAClient);

describe('osha recover', () => {
  const all = BLACKOUTS.filter(
    ({ what }) => chosen.length === 0 || chosen.some((word) => what.includes(word)),
  );

  it.each(all.map((blackout) => [blackout.what, blackout] as const))(
    'when %s',
    async (what, { strikes, refusal }) => {
      await untilHealthy(INVENTORY, 180_000);
      await strikes();
      const started = Date.now();
      let recovery = await osha('recover', INVENTORY, '--yes', '--json');
      let ended = 'healthy';
      if (refusal) {
        expect(recovery.exitCode, said(recovery)).toBe(5);
        expect(said(recovery)).toMatch(refusal.says);
        ended = `refused: ${summaryOf(recovery).refused ?? ''}`;
        await refusal.repair();
        recovery = await osha('recover', INVENTORY, '--yes', '--json');
      }
      expect(recovery.exitCode, said(recovery)).toBe(0);
      rows.push({
        what,
        changes: changesOf(recovery).length,
        ended,
        seconds: Math.round((Date.now() - started) / 1000),
      });
      await untilHealthy(INVENTORY, 180_000);
    },
  );

  afterAll(() => {
    const cells = rows.map(({ what, changes, ended, seconds }) => [
      what,
      String(changes),
      `${seconds} s`,
      ended,
    ]);
    process.stdout.write(`\n${table(['outage', 'changes', 'took', 'ended'], cells)}\n`);
  });
});

describe('after all of this', nothingLost);

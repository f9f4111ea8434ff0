import { expect, it } from 'vitest';
import type { GaleraSettings } from '../../../playbooks/galera/settings.ts';
import { hostsWith } from '../../../src/inventory/types.ts';
import { until } from '../support/until.ts';
import type { Architecture, Aspect } from './architecture.ts';
import { expectRecovery } from './whole.ts';

/** Members suspect a silent one after 5 s, and count votes within 15 s. */
const MOST_SILENCE_MS = 60_000;

/** With an arbitrator's vote, one of two databases keeps the quorum. */
export const arbitrator: Aspect = {
  title: "Galera's arbitrator",
  fits: (architecture) => settingsOf(architecture).arbitrator !== undefined,
  tests: (architecture) => {
    const { inventory, lab } = architecture;
    const [survivor = '', victim = ''] = hostsWith(inventory, 'database').map(({ name }) => name);
    const count = async (host: string): Promise<string> => lab.sql(host, 'SELECT COUNT(*) FROM labtest.rows');

    it('one of two databases keeps accepting writes when the other dies', async () => {
      await lab.sql(
        survivor,
        'CREATE DATABASE IF NOT EXISTS labtest; CREATE OR REPLACE TABLE labtest.rows (id INT PRIMARY KEY); INSERT INTO labtest.rows VALUES (1)',
      );
      await until('the row arrives', 10_000, async () => (await count(victim)) === '1');
      await lab.kill(victim);
      await until('a write succeeds', MOST_SILENCE_MS, async () => {
        await lab.sql(survivor, 'REPLACE INTO labtest.rows VALUES (2)');
        return true;
      });
      const status = await lab.sql(survivor, "SHOW STATUS LIKE 'wsrep_cluster_%'");
      expect(status).toContain('wsrep_cluster_status\tPrimary');
      expect(status).toContain('wsrep_cluster_size\t2');
    });

    it('the other database has those writes when it is back', async () => {
      await expectRecovery(architecture, victim);
      expect(await count(victim)).toBe('2');
      await lab.sql(survivor, 'DROP DATABASE labtest');
    });
  },
};

function settingsOf({ inventory }: Architecture): GaleraSettings {
  return inventory.settings['galera'] as GaleraSettings;
}

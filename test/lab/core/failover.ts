import { expect, it } from 'vitest';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, osha } from '../support/osha.ts';
import { until } from '../support/until.ts';
import { DATABASE_VIP, holdersOf, HOSTS, INVENTORY, kill, on, sql, start } from './hosts.ts';

/** Corosync's token timeout, Pacemaker's decision, and HAProxy's check of the dead database, with a margin for two cores. */
const MOST_FAILOVER_MS = 60_000;

export function failover(): void {
  let victim = '';
  let survivors: readonly string[] = [];

  it('loses its virtual IP to another, and writes through it resume', async () => {
    [victim = ''] = await holdersOf(DATABASE_VIP, HOSTS);
    survivors = HOSTS.filter((host) => host !== victim);
    const [witness = ''] = survivors;
    const write = (id: number): Promise<string> =>
      on(
        witness,
        `timeout 5 mysql --connect-timeout=3 -h ${DATABASE_VIP} -u labtest -plabtest -e "REPLACE INTO labtest.rows VALUES (${id}, 'after')"`,
      );
    await write(100);
    await kill(victim);
    const moved = await until(
      'another host holds the VIP',
      MOST_FAILOVER_MS,
      async () => (await holdersOf(DATABASE_VIP, survivors)).length === 1,
    );
    const wrote = await until('a write through the VIP succeeds', MOST_FAILOVER_MS, async () => {
      await write(101);
      return true;
    });
    process.stdout.write(`the VIP moved after ${moved} ms, writes resumed ${wrote} ms later\n`);
    expect(await sql(witness, 'SELECT COUNT(*) FROM labtest.rows WHERE id IN (100, 101)')).toBe('2');
  });

  it('is named by status as unhealthy meanwhile', async () => {
    const status = await osha('status', INVENTORY);
    expect(status.exitCode).toBe(4);
    expect(status.stdout).toContain(victim);
  });

  it('rejoins automatically when it is back', async () => {
    await start(victim);
    await until('the database has three members', 180_000, async () =>
      (await sql(victim, "SHOW STATUS LIKE 'wsrep_cluster_size'")).endsWith('\t3'),
    );
    await untilHealthy(INVENTORY, 180_000);
    expect(await sql(victim, 'SELECT COUNT(*) FROM labtest.rows WHERE id IN (100, 101)')).toBe('2');
  });

  it('is converged for a deploy', async () => {
    const again = await osha('deploy', INVENTORY, '--json');
    expect(changesOf(again)).toEqual([]);
    expect(again.exitCode, again.stderr).toBe(0);
    await sql(victim, "DROP DATABASE labtest; DROP USER 'labtest'@'%'");
  });
}

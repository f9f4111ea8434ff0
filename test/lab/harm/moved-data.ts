import { afterAll, beforeAll, expect, it } from 'vitest';
import { HOSTS, INVENTORY, on, sql } from '../core/hosts.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, failuresOf, osha } from '../support/osha.ts';
import { until } from '../support/until.ts';
import { said } from './said.ts';

const DROP_IN = '/etc/mysql/mariadb.conf.d/99-harm-disk.cnf';
const ELSEWHERE = '/srv/mysql';
const LAST = 'controller2';

const stopped = (host: string): Promise<string> => on(host, 'systemctl stop mariadb', 180_000);

/** Kills all servers at once under load; Debian's unit would restart them. */
async function losePower(): Promise<void> {
  await Promise.all(HOSTS.map((host) => on(host, 'systemctl kill -s KILL mariadb; systemctl stop mariadb')));
  await until('all are down', 60_000, async () => {
    const states = await Promise.all(HOSTS.map((host) => on(host, 'systemctl is-active mariadb || :')));
    return states.every((state) => state === 'failed' || state === 'inactive');
  });
}

/**
 * An operator stops each member in turn, moves its data and starts it again. An hour earlier, osha had recorded a
 * recovered position after a power failure.
 */
export function movedData(): void {
  beforeAll(async () => {
    await losePower();
    const recovered = await osha('deploy', INVENTORY, '--only', 'galera', '--json');
    expect(failuresOf(recovered)).toEqual([]);
    expect(recovered.exitCode, said(recovered)).toBe(0);
    for (const host of HOSTS) {
      await stopped(host);
      await on(
        host,
        `mv /var/lib/mysql ${ELSEWHERE}
mkdir -m 755 /var/lib/mysql && chown mysql:mysql /var/lib/mysql
printf '[mysqld]\\ndatadir = ${ELSEWHERE}\\n' >${DROP_IN}
systemctl start mariadb`,
        180_000,
      );
      await until(`${host} is Synced`, 120_000, async () =>
        (await sql(host, "SHOW STATUS LIKE 'wsrep_local_state_comment'")).endsWith('Synced'),
      );
    }
  });

  it('is found where the server itself looks: a deployment is converged', async () => {
    const run = await osha('deploy', INVENTORY, '--only', 'galera', '--json');
    expect(changesOf(run)).toEqual([]);
    expect(run.exitCode, said(run)).toBe(0);
  });

  it('is bootstrapped from the member that stopped last', async () => {
    const others = HOSTS.filter((host) => host !== LAST);
    for (const [index, host] of others.entries()) {
      await stopped(host);
      await sql(
        LAST,
        `CREATE DATABASE IF NOT EXISTS harm_late; CREATE TABLE harm_late.rows${index} (id INT PRIMARY KEY); INSERT INTO harm_late.rows${index} VALUES (1)`,
      );
    }
    await stopped(LAST);
    const shown = await osha('plan', INVENTORY, '--diff', '--only', 'galera', '--json');
    expect(changesOf(shown).find((change) => change.includes('bootstrap'))).toMatch(`${LAST}: `);
    const run = await osha('deploy', INVENTORY, '--only', 'galera', '--json');
    expect(failuresOf(run)).toEqual([]);
    expect(run.exitCode, said(run)).toBe(0);
    expect(changesOf(run).find((change) => change.includes('bootstrap'))).toMatch(`${LAST}: `);
    for (const host of HOSTS) {
      expect(await sql(host, 'SELECT COUNT(*) FROM harm_late.rows0 JOIN harm_late.rows1 USING (id)')).toBe(
        '1',
      );
    }
  });

  it('is bootstrapped from the newest data after a power failure too', async () => {
    await losePower();
    const run = await osha('deploy', INVENTORY, '--only', 'galera', '--json');
    expect(failuresOf(run)).toEqual([]);
    expect(run.exitCode, said(run)).toBe(0);
  });

  afterAll(async () => {
    await sql(LAST, 'DROP DATABASE IF EXISTS harm_late');
    await untilHealthy(INVENTORY, 180_000);
  });
}

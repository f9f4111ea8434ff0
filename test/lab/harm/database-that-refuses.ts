import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTS, INVENTORY, on, sql } from '../core/hosts.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, osha, type OshaResult } from '../support/osha.ts';
import { until } from '../support/until.ts';
import { withoutHarm } from './client.ts';
import { said } from './said.ts';

const PASSWORD = 'of-the-operator';

/** Runs deploy and plan for the Galera phase: neither may touch serving members. */
async function planAndDeploy(): Promise<readonly OshaResult[]> {
  const runs: OshaResult[] = [];
  await withoutHarm(async () => {
    runs.push(await osha('plan', INVENTORY, '--diff', '--only', 'galera', '--json'));
    runs.push(await osha('deploy', INVENTORY, '--only', 'galera', '--json'));
  });
  for (const run of runs) expect(changesOf(run)).toEqual([]);
  return runs;
}

export function databaseThatRefuses(): void {
  describe('because root has a password', () => {
    let before = '';
    const asRoot = (statement: string): Promise<string> =>
      on('controller1', `mysql -uroot -p${PASSWORD} -BN <<'SQL'\n${statement}\nSQL`);

    beforeAll(async () => {
      before = (await sql('controller1', 'SHOW CREATE USER root@localhost')).replace('CREATE', 'ALTER');
      await sql('controller1', `ALTER USER root@localhost IDENTIFIED BY '${PASSWORD}'`);
    });

    it("is left alone, and the refusal has the server's error and a remedy", async () => {
      for (const run of await planAndDeploy()) {
        expect(run.exitCode, said(run)).toBe(5);
        for (const host of HOSTS) expect(said(run)).toContain(host);
        expect(said(run)).toMatch(/root may not log in over the socket/);
        expect(said(run)).toMatch(/Access denied/);
        expect(said(run)).toMatch(/unix_socket/);
      }
    });

    it('is unhealthy in status, with the reason', async () => {
      const status = await osha('status', INVENTORY);
      expect(status.exitCode).toBe(1);
      expect(status.stdout).toMatch(/Access denied/);
    });

    afterAll(async () => {
      await asRoot(before);
      await untilHealthy(INVENTORY, 180_000);
    });
  });

  describe('because it has no connections left', () => {
    const UNIT = 'harm-connections';

    beforeAll(async () => {
      await sql('controller2', 'SET GLOBAL max_connections = 10');
      await on(
        'controller2',
        `systemd-run --quiet --unit=${UNIT} sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do mysql -e "SELECT SLEEP(900)" & done; wait'`,
      );
      await until('the server says so', 30_000, async () =>
        (await on('controller2', 'mysql -e "SELECT 1" 2>&1 || :')).includes('1040'),
      );
    });

    it('is left alone', async () => {
      for (const run of await planAndDeploy()) {
        expect([1, 5], said(run)).toContain(run.exitCode);
        expect(said(run)).toMatch(/controller2[^]*Too many connections|Too many connections[^]*controller2/);
      }
    });

    afterAll(async () => {
      await on('controller2', `systemctl stop ${UNIT}`);
      await until('it takes connections again', 60_000, async () => {
        await sql('controller2', 'SET GLOBAL max_connections = 1000');
        return true;
      });
    });
  });

  describe('because it does not answer', () => {
    const stopped = (signal: 'STOP' | 'CONT'): Promise<string> =>
      on('controller3', `kill -s ${signal} "$(systemctl show -p MainPID --value mariadb)"`);

    beforeAll(() => stopped('STOP'));

    it('is not killed, and no second cluster is formed', async () => {
      const runs: OshaResult[] = [];
      const serving = (): Promise<string> =>
        on('controller3', 'systemctl show -p InvocationID,MainPID mariadb');
      const before = await serving();
      runs.push(await osha('plan', INVENTORY, '--diff', '--only', 'galera', '--json'));
      runs.push(await osha('deploy', INVENTORY, '--only', 'galera', '--json'));
      for (const run of runs) {
        expect([1, 5], said(run)).toContain(run.exitCode);
        expect(changesOf(run)).toEqual([]);
        expect(said(run)).toContain('controller3');
      }
      expect(await serving()).toBe(before);
    });

    afterAll(async () => {
      await stopped('CONT');
      await untilHealthy(INVENTORY, 180_000);
    });
  });

  describe('because it listens on another socket', () => {
    const DROP_IN = '/etc/mysql/mariadb.conf.d/99-harm.cnf';
    const restart = (script: string): Promise<string> =>
      on('controller2', `${script}\nsystemctl restart mariadb`, 180_000);

    beforeAll(() => restart(`printf '[mysqld]\\nsocket = /run/mysqld/elsewhere.sock\\n' >${DROP_IN}`));

    it('is queried there, or left alone', async () => {
      for (const run of await planAndDeploy()) {
        expect([0, 1, 5], said(run)).toContain(run.exitCode);
        if (run.exitCode !== 0) expect(said(run)).toMatch(/controller2[^]*elsewhere\.sock/);
      }
    });

    afterAll(async () => {
      await restart(`rm -f ${DROP_IN}`);
      await untilHealthy(INVENTORY, 180_000);
    });
  });
}

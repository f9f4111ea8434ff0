import { existsSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { HOSTS, INVENTORY, on, sql } from '../core/hosts.ts';
import { acknowledgedSince } from '../harm/client.ts';
import { untilHealthy } from '../support/healthy.ts';
import { failuresOf, osha, startOsha } from '../support/osha.ts';
import { until } from '../support/until.ts';
import { backedUpBy, PLAIN, recipient, SEALED } from './files.ts';

/** Rows that do not compress, 512 bytes each. */
const BALLAST_ROWS = 120_000;

/** No member is out of rotation, and nothing of a backup is left on any. */
async function nothingLeft(): Promise<void> {
  for (const host of HOSTS) {
    expect(
      await sql(
        host,
        "SELECT @@wsrep_desync, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_local_state_comment'",
      ),
    ).toBe('0\tSynced');
    expect(await on(host, 'ls -d /run/osha.* 2>/dev/null; pgrep -x mariabackup || :')).not.toContain(
      'backup',
    );
  }
}

export function backups(): void {
  it('has data to copy', async () => {
    await sql(
      'controller1',
      `CREATE TABLE IF NOT EXISTS harm.ballast (id INT AUTO_INCREMENT PRIMARY KEY, text VARBINARY(512));
USE harm;
DELETE FROM ballast;
INSERT INTO ballast (text) SELECT CONCAT(${Array.from({ length: 8 }, () => 'UNHEX(SHA2(RAND(), 512))').join(', ')}) FROM seq_1_to_${BALLAST_ROWS};`,
    );
  });

  it('is made while a client writes, and knows the exact number of rows', async () => {
    const since = Number(await on('controller1', 'date +%s'));
    const before = Number(await sql('controller1', 'SELECT COUNT(*) FROM harm.acknowledged'));
    const result = await osha('backup', INVENTORY, '--out', PLAIN, '--json');
    expect(failuresOf(result)).toEqual([]);
    expect(result.exitCode, result.stderr).toBe(0);
    const { bytes, member, tables } = backedUpBy(result);
    const rows = tables['harm.acknowledged'] ?? 0;
    const after = Number(await sql('controller1', 'SELECT COUNT(*) FROM harm.acknowledged'));
    expect(tables['harm.ballast']).toBe(BALLAST_ROWS);
    expect(rows).toBeGreaterThanOrEqual(before);
    expect(rows).toBeLessThanOrEqual(after);
    expect(statSync(PLAIN)).toMatchObject({ size: bytes });
    expect(statSync(PLAIN).mode & 0o777).toBe(0o600);
    await until('the client is served', 30_000, async () => (await acknowledgedSince(since)).count > 3);
    const { longestGap, count } = await acknowledgedSince(since);
    process.stdout.write(
      `${member}: ${bytes} bytes in ${result.durationMs} ms; ${count} rows acknowledged meanwhile, longest gap ${longestGap} s\n`,
    );
    expect(longestGap).toBeLessThan(10);
    await nothingLeft();
  });

  it('can be taken apart with the usual tools', async () => {
    const { execFileSync } = await import('node:child_process');
    const sum = execFileSync('sh', [
      '-c',
      `head -c -128 "$1" | sha256sum; tail -n 1 "$1"`,
      'sh',
      PLAIN,
    ]).toString();
    const [, wanted] = /"sha256":"([0-9a-f]+)"/.exec(sum) ?? [];
    expect(sum.slice(0, 64)).toBe(wanted);
    execFileSync('sh', [
      '-c',
      `tail -n +2 "$1" | head -c -128 | zstd -dc | head -c 8 | grep -q XBSTCK`,
      'sh',
      PLAIN,
    ]);
  });

  it('leaves no member out of rotation when osha is killed with -9, and can be made again', async () => {
    const running = startOsha('backup', INVENTORY, '--out', SEALED, '--json');
    await running.until((event) => event.event === 'progress' && event.text === 'copying');
    running.process.kill('SIGKILL');
    await running.result;
    await until('the member is back', 90_000, async () => {
      const states = await Promise.all(HOSTS.map((host) => sql(host, 'SELECT @@wsrep_desync')));
      return states.every((state) => state === '0');
    });
    await untilHealthy(INVENTORY, 60_000);
    await nothingLeft();
    expect(existsSync(SEALED)).toBe(false);
    const again = await osha(
      'backup',
      INVENTORY,
      '--out',
      SEALED,
      '--recipient',
      await recipient(),
      '--json',
    );
    expect(failuresOf(again)).toEqual([]);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(backedUpBy(again).encrypted).toBe(true);
    expect(existsSync(`${SEALED}.part`)).toBe(false);
    await nothingLeft();
  });

  it('puts the member back when it is interrupted, and leaves no file', async () => {
    const file = `${PLAIN}.interrupted`;
    const running = startOsha('backup', INVENTORY, '--out', file, '--json');
    await running.until((event) => event.event === 'progress' && event.text === 'copying');
    running.process.kill('SIGINT');
    const { exitCode, stderr } = await running.result;
    expect(exitCode, stderr).toBe(130);
    expect([existsSync(file), existsSync(`${file}.part`)]).toEqual([false, false]);
    await nothingLeft();
  });

  it('is refused while no other member would serve clients', async () => {
    await on('controller2', 'systemctl stop mariadb');
    await on('controller3', 'systemctl stop mariadb');
    const result = await osha('backup', INVENTORY, '--out', `${PLAIN}.refused`);
    expect(result.exitCode, result.stdout).toBe(5);
    await on('controller2', 'systemctl start mariadb', 300_000);
    await on('controller3', 'systemctl start mariadb', 300_000);
    await untilHealthy(INVENTORY, 180_000);
  });
}

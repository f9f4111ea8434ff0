import { copyFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { HOSTS, INVENTORY, on, sql } from '../core/hosts.ts';
import { starts } from '../harm/client.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, failuresOf, osha, startOsha, type OshaResult } from '../support/osha.ts';
import { FOLDER, IDENTITY, PLAIN, SEALED } from './files.ts';

/** Rows of the client and of the ballast, and a checksum of the ballast. */
const CONTENT = `SELECT COUNT(*), MAX(id) FROM harm.acknowledged;
SELECT COUNT(*), BIT_XOR(CAST(CONV(SUBSTRING(SHA2(text, 256), 1, 16), 16, 10) AS UNSIGNED)) FROM harm.ballast;`;

async function refusedUnharmed(...args: readonly string[]): Promise<OshaResult> {
  const before = await starts();
  const result = await osha('restore', INVENTORY, ...args);
  expect(result.exitCode, result.stdout).toBe(5);
  expect(await starts()).toEqual(before);
  return result;
}

/** Restores until a moment, and is killed then. */
async function killedAt(
  moment: Parameters<ReturnType<typeof startOsha>['until']>[0],
  ...args: readonly string[]
): Promise<void> {
  const running = startOsha('restore', INVENTORY, ...args, '--json');
  await running.until(moment);
  running.process.kill('SIGKILL');
  await running.result;
}

export function restores(): void {
  it('of a truncated file is refused before anything is stopped', async () => {
    for (const file of [PLAIN, SEALED]) {
      const cut = `${file}.cut`;
      copyFileSync(file, cut);
      truncateSync(cut, Math.floor(statSync(file).size / 2));
      const result = await refusedUnharmed(cut, '--replace', '--yes', '--identity', IDENTITY);
      expect(result.stdout).toContain('truncated or damaged');
      rmSync(cut);
    }
  });

  it('of an encrypted file is refused without its identity', async () => {
    expect((await refusedUnharmed(SEALED, '--replace', '--yes')).stderr).toContain('--identity FILE');
  });

  it('over existing databases is refused without --replace', async () => {
    expect((await refusedUnharmed(PLAIN)).stdout).toContain('--replace');
  });

  it('is refused while a member does not answer', async () => {
    await on('controller3', 'systemctl stop ssh ssh.socket');
    await refusedUnharmed(PLAIN, '--replace', '--yes', '--connect-timeout', '5').finally(() =>
      on('controller3', 'systemctl start ssh'),
    );
  });

  it('replaces the databases of a running cluster', async () => {
    await on('controller1', 'systemctl stop harm-client');
    const result = await osha(
      'restore',
      INVENTORY,
      SEALED,
      '--identity',
      IDENTITY,
      '--replace',
      '--yes',
      '--json',
    );
    expect(failuresOf(result)).toEqual([]);
    expect(result.exitCode, result.stderr).toBe(0);
    process.stdout.write(`restored over a running cluster in ${result.durationMs} ms\n`);
    await untilHealthy(INVENTORY, 120_000);
    for (const host of HOSTS) {
      expect(await on(host, 'ls -d /var/lib/mysql.before-restore-*/mysql')).toContain('before-restore');
      await on(host, 'rm -rf /var/lib/mysql.before-restore-*');
    }
  });

  it('completes after all data was lost and osha was killed with -9 three times', async () => {
    const content = await sql('controller1', CONTENT);
    const made = await osha('backup', INVENTORY, '--out', `${FOLDER}/last.osha-backup`, '--json');
    expect(made.exitCode, made.stderr).toBe(0);
    for (const host of HOSTS) await on(host, 'systemctl stop mariadb; rm -rf /var/lib/mysql', 300_000);
    const file = `${FOLDER}/last.osha-backup`;
    await killedAt((event) => event.event === 'progress' && event.text.endsWith(' sent'), file);
    await killedAt((event) => event.event === 'step-finished' && event.step === 'stop', file);
    await killedAt((event) => event.event === 'change' && event.summary.startsWith('join'), file);
    const began = Date.now();
    const result = await osha('restore', INVENTORY, file, '--json');
    expect(failuresOf(result)).toEqual([]);
    expect(result.exitCode, result.stderr).toBe(0);
    process.stdout.write(`completed in ${Date.now() - began} ms\n`);
    for (const host of HOSTS) expect(await sql(host, CONTENT)).toBe(content);
  });

  it('is healthy afterwards, one cluster, and a deployment finds nothing to do', async () => {
    await untilHealthy(INVENTORY, 120_000);
    const uuids = await Promise.all(
      HOSTS.map((host) => sql(host, "SHOW STATUS LIKE 'wsrep_cluster_state_uuid'")),
    );
    expect(new Set(uuids).size).toBe(1);
    const again = await osha('deploy', INVENTORY, '--json');
    expect(changesOf(again)).toEqual([]);
    expect(again.exitCode, again.stderr).toBe(0);
  });

  it('lists what differs, exits with 1 and keeps clients out', async () => {
    const result = await withOneRowMore(`${FOLDER}/last.osha-backup`);
    expect(result.exitCode, result.stdout).toBe(1);
    expect(result.stdout).toContain('harm.acknowledged');
    expect(await on('controller1', 'systemctl is-active osha-galera-health || :')).toBe('inactive');
    const recovered = await osha('recover', INVENTORY, 'galera', '--yes', '--json');
    expect(recovered.exitCode, recovered.stderr).toBe(0);
    await untilHealthy(INVENTORY, 120_000);
  });

  afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));
}

/** Restores a backup whose first line promises one row more than there is. */
async function withOneRowMore(file: string): Promise<OshaResult> {
  const { BackupComposer } = await import('../../../src/backup/container.ts');
  const { readBackup } = await import('../../../src/backup/file.ts');
  const { appendFileSync } = await import('node:fs');
  const wrong = `${file}.wrong`;
  const { signal } = new AbortController();
  let composer: InstanceType<typeof BackupComposer> | undefined;
  await readBackup(file, [], {
    signal,
    onBody: async (bytes, header) => {
      if (!composer) {
        const tables = new Map(header.tables);
        tables.set('harm.acknowledged', (tables.get('harm.acknowledged') ?? 0) + 1);
        composer = new BackupComposer({ ...header, tables }, (piece) => {
          appendFileSync(wrong, piece);
          return Promise.resolve();
        });
        await composer.begin();
      }
      await composer.body(bytes);
    },
  });
  await composer?.finish();
  return osha('restore', INVENTORY, wrong, '--replace', '--yes', '--plain');
}

import { afterAll, expect, it } from 'vitest';
import { DATABASE_VIP, HOSTS, INVENTORY, on, sql } from '../core/hosts.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, failuresOf, osha } from '../support/osha.ts';
import { until } from '../support/until.ts';

/** The client's host, and its log of acknowledged rows: number and time. */
const CLIENT_HOST = 'controller1';
const UNIT = 'harm-client';
const ACKNOWLEDGED = '/var/tmp/harm-acknowledged';

const CLIENT = `#!/bin/sh
i=0
while :; do
  i=$((i + 1))
  if timeout 10 mysql --connect-timeout=5 -h ${DATABASE_VIP} -u harm -pharm -e "INSERT INTO harm.acknowledged VALUES ($i)" 2>/dev/null; then
    echo "$i $(date +%s)" >>${ACKNOWLEDGED}
  fi
  sleep 0.5
done
`;

/** Units whose clients notice a restart; `InvocationID` is new after each start. */
const SERVING = ['mariadb', 'rabbitmq-server', 'etcd', 'memcached', 'haproxy', 'corosync', 'pacemaker'];

export interface Acknowledged {
  readonly count: number;
  /** The longest gap between acknowledged rows since `since`, in seconds. */
  readonly longestGap: number;
}

/** The rows acknowledged since a moment (seconds since the epoch). */
export async function acknowledgedSince(since: number): Promise<Acknowledged> {
  const lines = (await on(CLIENT_HOST, `cat ${ACKNOWLEDGED}`)).split('\n');
  const moments = lines.map((line) => Number(line.split(' ')[1])).filter((moment) => moment >= since);
  const gaps = [since, ...moments].map((moment, index, all) => (all[index + 1] ?? moment) - moment);
  return { count: moments.length, longestGap: Math.max(0, ...gaps) };
}

/** The start of each serving unit, by host; must not change. */
export async function starts(units: readonly string[] = SERVING): Promise<readonly string[]> {
  return Promise.all(
    HOSTS.map(
      async (host) =>
        `${host}: ${(await on(host, `systemctl show -p Id,ActiveState,InvocationID ${units.join(' ')}`)).replaceAll('\n', ' ')}`,
    ),
  );
}

/** Runs `work` on the deployment: no serving unit may restart meanwhile, and the client must keep being served. */
export async function withoutHarm(work: () => Promise<void>): Promise<void> {
  const since = Number(await on(CLIENT_HOST, 'date +%s'));
  const before = await starts();
  await work();
  expect(await starts()).toEqual(before);
  await until('the client is served', 30_000, async () => (await acknowledgedSince(since)).count > 0);
  expect((await acknowledgedSince(since)).longestGap).toBeLessThan(30);
}

export function deployedWithAClient(): void {
  it('is deployed and healthy', async () => {
    const deployed = await osha('deploy', INVENTORY, '--json');
    expect(failuresOf(deployed)).toEqual([]);
    expect(deployed.exitCode, deployed.stderr).toBe(0);
    await untilHealthy(INVENTORY, 120_000);
  });

  it('acknowledges the rows of a client that writes through the virtual IP', async () => {
    // Rows of an earlier client, on hosts that are used again.
    await on(CLIENT_HOST, `systemctl is-active --quiet ${UNIT} || mysql -e 'DROP DATABASE IF EXISTS harm'`);
    await sql(
      CLIENT_HOST,
      `CREATE DATABASE IF NOT EXISTS harm; CREATE TABLE IF NOT EXISTS harm.acknowledged (id INT PRIMARY KEY);
       CREATE USER IF NOT EXISTS 'harm'@'%' IDENTIFIED BY 'harm'; GRANT ALL ON harm.* TO 'harm'@'%'`,
    );
    await on(
      CLIENT_HOST,
      `systemctl is-active --quiet ${UNIT} || {
  rm -f ${ACKNOWLEDGED}
  cat >/usr/local/bin/${UNIT} <<'SH'
${CLIENT}SH
  chmod +x /usr/local/bin/${UNIT}
  systemd-run --quiet --unit=${UNIT} /usr/local/bin/${UNIT}
}`,
    );
    await until('ten rows are acknowledged', 60_000, async () => (await acknowledgedSince(0)).count >= 10);
  });
}

export function nothingLost(): void {
  it('has every acknowledged row on every member', async () => {
    await on(CLIENT_HOST, `systemctl stop ${UNIT}`);
    const wanted = (await on(CLIENT_HOST, `cut -d ' ' -f 1 ${ACKNOWLEDGED}`)).split('\n');
    for (const host of HOSTS) {
      const found = new Set((await sql(host, 'SELECT id FROM harm.acknowledged')).split('\n'));
      expect(
        wanted.filter((id) => !found.has(id)),
        `lost on ${host}`,
      ).toEqual([]);
    }
    process.stdout.write(`${wanted.length} rows were acknowledged, none lost\n`);
  });

  it('is healthy and converged', async () => {
    await untilHealthy(INVENTORY, 180_000);
    const again = await osha('deploy', INVENTORY, '--json');
    expect(changesOf(again)).toEqual([]);
    expect(again.exitCode, again.stderr).toBe(0);
  });

  afterAll(async () => {
    await on(CLIENT_HOST, `systemctl stop ${UNIT} 2>/dev/null || :; rm -f /usr/local/bin/${UNIT}`);
  });
}

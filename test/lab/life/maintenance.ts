import { afterAll, beforeAll, expect, it } from 'vitest';
import { API_VIP, DATABASE_VIP, holdersOf, HOSTS, INVENTORY, kill, on, start } from '../core/hosts.ts';
import { acknowledgedSince } from '../harm/client.ts';
import { said } from '../harm/said.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, osha, startOsha } from '../support/osha.ts';
import { table } from '../support/table.ts';

const CLIENT_HOST = 'controller1';
/** Seconds without an acknowledged row that a client bears: one attempt that fails, and the next. */
const MOST_GAP_SECONDS = 15;

const PHASES = ['memcached', 'etcd', 'rabbitmq', 'galera', 'haproxy', 'pacemaker'] as const;

const gaps: (readonly [what: string, seconds: number])[] = [];

/** The longest time without an acknowledged row while `work` runs. */
async function measured(what: string, work: () => Promise<void>): Promise<void> {
  const since = Number(await on(CLIENT_HOST, 'date +%s'));
  await work();
  const { longestGap } = await acknowledgedSince(since);
  gaps.push([what, longestGap]);
  expect(longestGap, `seconds without an acknowledged row: ${what}`).toBeLessThan(MOST_GAP_SECONDS);
}

async function ran(...args: readonly string[]): Promise<void> {
  const result = await osha(...args, '--json');
  expect(result.exitCode, said(result)).toBe(0);
}

/** The connections of clients to the services of a host, through HAProxy on the others. */
async function clientsOf(host: string): Promise<string> {
  const others = HOSTS.filter((other) => other !== host);
  const counts = await Promise.all(
    others.map((other) =>
      on(
        other,
        `printf 'show stat\\n' | socat - UNIX-CONNECT:/run/haproxy/admin.sock | awk -F, '$2 == "${host}" && $5 > 0 { print $1 }'`,
      ),
    ),
  );
  return counts.join('');
}

/** A host is drained, stopped, started and undrained, and every system is restarted, while a client writes. */
export function maintenance(): void {
  let drained: string;

  beforeAll(async () => {
    await untilHealthy(INVENTORY, 180_000);
    [drained = ''] = await holdersOf(DATABASE_VIP, HOSTS);
  });

  it('a drained host holds no virtual IP, and no client is connected to it', async () => {
    await measured(`host drain of the holder of the database`, () =>
      ran('host', 'drain', INVENTORY, drained),
    );
    expect(await holdersOf(DATABASE_VIP, HOSTS)).not.toContain(drained);
    expect(await holdersOf(API_VIP, HOSTS)).not.toContain(drained);
    expect(await clientsOf(drained)).toBe('');
    expect(await on(drained, `ss -Hltn 'sport = :5672'`)).toBe('');
  });

  it('draining it again changes nothing', async () => {
    const again = await osha('host', 'drain', INVENTORY, drained, '--json');
    expect(changesOf(again)).toEqual([]);
    expect(again.exitCode).toBe(0);
  });

  it('no second host can be drained meanwhile', async () => {
    const other = HOSTS.find((host) => host !== drained) ?? '';
    const refused = await osha('host', 'drain', INVENTORY, other, '--json');
    expect(refused.exitCode, said(refused)).toBe(5);
    expect(changesOf(refused)).toEqual([]);
  });

  it('it can be stopped and started, and works again once it is undrained', async () => {
    // The client runs on the first host.
    if (drained !== CLIENT_HOST) {
      await measured('stop and start of the drained host', async () => {
        await kill(drained);
        await start(drained);
      });
    }
    await measured('host undrain', () => ran('host', 'undrain', INVENTORY, drained));
    await untilHealthy(INVENTORY, 180_000);
  });

  it('a drain that was killed is completed by the next one', async () => {
    const run = startOsha('host', 'drain', INVENTORY, 'controller2', '--json');
    await run.until(({ event }) => event === 'change-finished');
    run.process.kill('SIGKILL');
    await run.result;
    await ran('host', 'drain', INVENTORY, 'controller2');
    await ran('host', 'undrain', INVENTORY, 'controller2');
    await untilHealthy(INVENTORY, 180_000);
  });

  it.each(PHASES)('a rolling restart of %s is noticed by no client for long', async (phase) => {
    await measured(`restart ${phase}`, () => ran('restart', INVENTORY, phase));
    await untilHealthy(INVENTORY, 180_000);
  });

  it('a restart is refused while another member is down, and nothing is restarted', async () => {
    await on('controller3', 'systemctl stop mariadb');
    const refused = await osha('restart', INVENTORY, 'galera', '--json');
    expect(refused.exitCode, said(refused)).toBe(5);
    expect(changesOf(refused)).toEqual([]);
    await ran('recover', INVENTORY, 'galera', '--yes');
    await untilHealthy(INVENTORY, 180_000);
  });

  it('with --older-than, what was just restarted is left alone', async () => {
    const run = await osha('restart', INVENTORY, 'memcached', '--older-than', '86400', '--json');
    expect(run.exitCode, said(run)).toBe(0);
    expect(changesOf(run)).toEqual([]);
  });

  afterAll(() => {
    const rows = gaps.map(([what, seconds]) => [what, `${seconds} s`]);
    process.stdout.write(`\n${table(['maintenance', 'longest time without an acknowledged row'], rows)}\n`);
  });
}

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/runner/events.ts';
import { DATABASE_VIP, holdersOf, HOSTS, INVENTORY, on, sql, start } from '../core/hosts.ts';
import { untilHealthy } from '../support/healthy.ts';
import { failuresOf, osha, startOsha, type OshaResult } from '../support/osha.ts';

/** Milliseconds that any service may be away when a host loses its power: see `core/failover.ts`. */
const MOST_DOWNTIME_MS = 60_000;
/** The hosts take part in their own measurement on two cores. */
const SLOWLY = ['--rate', '2', '--within', '1200'];

type Measured = Extract<RunEvent, { event: 'measured' }>;

function measuredBy({ events }: OshaResult): readonly Measured[] {
  return events.filter((event) => event.event === 'measured');
}

/** Everything that a drill writes is gone, and nothing of it runs any more. */
async function nothingLeft(): Promise<void> {
  for (const host of HOSTS) {
    expect(await sql(host, "SHOW DATABASES LIKE 'osha_drill'")).toBe('');
    expect(await sql(host, "SELECT User FROM mysql.user WHERE User = 'osha_drill'")).toBe('');
    expect(await on(host, 'pgrep -f "osha[-_]drill" || :')).toBe('');
  }
}

export function deployed(): void {
  it('is deployed and healthy', async () => {
    const result = await osha('deploy', INVENTORY, '--json');
    expect(failuresOf(result)).toEqual([]);
    expect(result.exitCode, result.stderr).toBe(0);
    await untilHealthy(INVENTORY, 180_000);
  });
}

export function drills(): void {
  beforeAll(() => untilHealthy(INVENTORY, 180_000));

  it('takes the holder of the database away, loses nothing, and finds the outage', async () => {
    const [victim = ''] = await holdersOf(DATABASE_VIP, HOSTS);
    const result = await osha('drill', INVENTORY, '--kill', victim, '--yes', '--json', ...SLOWLY);
    expect(failuresOf(result), result.stderr).toEqual([]);
    expect(result.exitCode, result.stderr).toBe(0);
    const all = measuredBy(result);
    for (const { service, host, samples, failed, longestOutageMs, firstAnswerMs } of all) {
      process.stdout.write(
        `${service} from ${host}: ${failed} of ${samples} failed, longest outage ${longestOutageMs} ms, first answer after ${firstAnswerMs ?? '-'} ms\n`,
      );
    }
    expect(new Set(all.map(({ service }) => service))).toEqual(
      new Set([
        'virtual IP api',
        'virtual IP database',
        'database',
        'broker',
        'writes: rows of the database',
      ]),
    );
    expect(new Set(all.map(({ host }) => host))).toEqual(new Set(HOSTS.filter((host) => host !== victim)));
    for (const { service, longestOutageMs } of all) {
      expect(longestOutageMs, service).toBeLessThan(MOST_DOWNTIME_MS);
    }
    const outage = all.filter(({ service }) => service === 'virtual IP database');
    expect(Math.max(...outage.map(({ longestOutageMs }) => longestOutageMs))).toBeGreaterThan(0);
    const written = result.events.filter((event) => event.event === 'acknowledged');
    expect(written.map(({ lost }) => lost)).toEqual([Object.fromEntries(HOSTS.map((host) => [host, 0]))]);
    expect(written[0]?.acknowledged).toBeGreaterThan(10);
    await nothingLeft();
    await untilHealthy(INVENTORY, 180_000);
  });

  it('is recorded', async () => {
    const shown = await osha('show', 'last', INVENTORY);
    expect(shown.exitCode, shown.stderr).toBe(0);
    expect(shown.stdout).toContain('Report what clients noticed');
  });

  it('starts the host and removes what it wrote when it is interrupted', async () => {
    const running = startOsha('drill', INVENTORY, '--kill', 'controller3', '--yes', '--json', ...SLOWLY);
    await running.until(
      (event) => event.event === 'step-finished' && event.step === 'stop' && event.outcome === 'ok',
    );
    running.process.kill('SIGINT');
    const { exitCode, stderr } = await running.result;
    expect(exitCode, stderr).toBe(130);
    await untilHealthy(INVENTORY, 300_000);
    await nothingLeft();
  });

  it('refuses while something is unhealthy, and stops nothing', async () => {
    await on('controller3', 'systemctl stop memcached');
    const result = await osha('drill', INVENTORY, '--kill', 'controller1', '--yes');
    expect(result.exitCode, result.stdout).toBe(5);
    expect(result.stderr).toContain('nothing was stopped');
    await on('controller3', 'systemctl start memcached');
    await untilHealthy(INVENTORY, 120_000);
  });

  it('refuses to let a container reset itself', async () => {
    const result = await osha('drill', INVENTORY, '--kill', 'controller1', '--graceful', '--yes');
    expect(result.exitCode, result.stdout).toBe(5);
    expect(result.stderr).toContain('--stop-command');
  });

  afterAll(async () => {
    for (const host of HOSTS) await start(host);
  });
}

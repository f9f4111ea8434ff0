import { expect, it } from 'vitest';
import { osha } from '../support/osha.ts';
import { untilHealthy } from '../support/healthy.ts';
import { INVENTORY, on } from './cloud.ts';

const CASES: readonly (readonly [string, string, string])[] = [
  ['a cache', 'controller1', 'memcached'],
  ['a broker', 'controller2', 'rabbitmq-server'],
  ['a database node', 'controller3', 'mariadb'],
];

/** Milliseconds for a member to recover, on two cores. */
const MOST_RECOVERY_MS = 5 * 60_000;

export function losses(): void {
  it.each(CASES)('smoke passes without %s', async (_what, host, unit) => {
    await on(host, `systemctl kill --signal=KILL ${unit}; systemctl stop ${unit}`);
    const smoke = await osha('smoke', INVENTORY, '--json');
    expect(smoke.exitCode, smoke.stdout.slice(-3000) + smoke.stderr).toBe(0);
    await on(host, `systemctl reset-failed ${unit}; systemctl start ${unit}`);
    await untilHealthy(INVENTORY, MOST_RECOVERY_MS);
  });

  it('acknowledged writes survive the death of the database node that HAProxy uses', async () => {
    // With a single writer, HAProxy uses the first member that is up.
    await on('controller1', 'systemctl kill --signal=KILL mariadb; systemctl stop mariadb');
    const smoke = await osha('smoke', INVENTORY, '--no-server', '--json');
    expect(smoke.exitCode, smoke.stdout.slice(-3000) + smoke.stderr).toBe(0);
    await on('controller1', 'systemctl reset-failed mariadb; systemctl start mariadb');
    await untilHealthy(INVENTORY, MOST_RECOVERY_MS);
  });
}

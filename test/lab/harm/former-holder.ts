import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Document } from 'yaml';
import { HOSTS, holdersOf, on } from '../core/hosts.ts';
import { healthOf, osha, type OshaResult } from '../support/osha.ts';
import { until } from '../support/until.ts';
import { checkoutWith } from './inventories.ts';
import { said } from './said.ts';

const VIP = '172.29.77.30';
/** The preferred holder, so it holds the virtual IP when it is removed. */
const LEAVES = 'controller3';

/** The same hosts with one more virtual IP, held by keepalived. */
function withKeepalived(inventory: Document): void {
  const shared = {
    address: `${VIP}/24`,
    interface: 'eth0',
    by: 'keepalived',
    haproxy: false,
    on: [LEAVES, ...HOSTS.filter((host) => host !== LEAVES)],
  };
  inventory.set('vips', inventory.createNode({ shared }));
}

function withoutOne(inventory: Document): void {
  withKeepalived(inventory);
  inventory.setIn(
    ['vips', 'shared', 'on'],
    HOSTS.filter((host) => host !== LEAVES),
  );
  inventory.deleteIn(['hosts', LEAVES]);
}

const unhealthy = (status: OshaResult): string =>
  healthOf(status)
    .filter(({ system }) => system === 'keepalived')
    .flatMap(({ findings }) => findings)
    .filter(({ healthy }) => !healthy)
    .map(({ subject, evidence, hint }) => `${subject}: ${evidence} ${hint ?? ''}`)
    .join('\n');

export function formerHolder(): void {
  let kept = '';
  /** The first deployment generated a secret for keepalived, which the hosts carry. */
  const left = (): string =>
    checkoutWith('left', withoutOne, { secrets: join(dirname(kept), 'secrets.yaml') });

  beforeAll(async () => {
    kept = checkoutWith('kept', withKeepalived);
    const deployed = await osha('deploy', kept, '--only', 'keepalived', '--json');
    expect(deployed.exitCode, said(deployed)).toBe(0);
    await until(`${LEAVES} holds it`, 60_000, async () => {
      return (await holdersOf(VIP, HOSTS)).join() === LEAVES;
    });
  });

  it('is named by deploy before others claim the address, and remains the only holder', async () => {
    const run = await osha('deploy', left(), '--only', 'keepalived', '--json');
    expect(run.exitCode, said(run)).toBe(5);
    expect(said(run)).toContain('172.29.77.13');
    expect(said(run)).toContain(VIP);
    expect(said(run)).toMatch(/systemctl [^\n]*keepalived/);
    expect(await holdersOf(VIP, HOSTS)).toEqual([LEAVES]);
  });

  it('is named by status as unhealthy', async () => {
    const status = await osha('status', left(), '--json');
    expect(status.exitCode).not.toBe(0);
    expect(unhealthy(status)).toContain('172.29.77.13');
  });

  it('gives up the address when told to, and the deployment succeeds', async () => {
    await on(LEAVES, 'systemctl disable --now keepalived');
    const run = await osha('deploy', left(), '--only', 'keepalived', '--json');
    expect(run.exitCode, said(run)).toBe(0);
    await until('one of the others holds it', 60_000, async () => {
      const holders = await holdersOf(VIP, HOSTS);
      return holders.length === 1 && holders[0] !== LEAVES;
    });
    expect(unhealthy(await osha('status', left(), '--json'))).toBe('');
  });

  afterAll(async () => {
    for (const host of HOSTS) {
      await on(
        host,
        'systemctl disable --now keepalived 2>/dev/null || :; rm -f /etc/keepalived/keepalived.conf',
      );
    }
  });
}

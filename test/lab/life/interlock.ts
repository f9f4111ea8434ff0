import { afterAll, beforeAll, expect, it } from 'vitest';
import { HOSTS, INVENTORY, kill, start } from '../core/hosts.ts';
import { untilHealthy } from '../support/healthy.ts';
import { osha, type OshaResult } from '../support/osha.ts';
import { until } from '../support/until.ts';

const LOST = 'controller3';

/** Whether a host can be stopped, and the systems that need it. */
async function askedAbout(host: string): Promise<OshaResult & { readonly needing: readonly string[] }> {
  const result = await osha('ok-to-stop', INVENTORY, host, '--json');
  const events = result.events as readonly { event: string; system?: string; verdict?: string }[];
  const needing = events.flatMap(({ event, system, verdict }) =>
    event === 'spare' && verdict !== 'spared' && system !== undefined ? [system] : [],
  );
  return { ...result, needing };
}

/** Whether the systems can spare a host, before and after another one is lost. */
export function interlock(): void {
  beforeAll(() => untilHealthy(INVENTORY, 180_000));

  it.each(HOSTS)('spares %s while all are there', async (host) => {
    const asked = await askedAbout(host);
    expect(asked.needing, asked.stderr).toEqual([]);
    expect(asked.exitCode).toBe(0);
  });

  it('spares no second host when one is lost, for any system with a quorum', async () => {
    await kill(LOST);
    let asked = await askedAbout('controller1');
    await until('the clusters have noticed', 60_000, async () => {
      asked = await askedAbout('controller1');
      return asked.needing.includes('pacemaker');
    });
    expect(asked.needing).toEqual(expect.arrayContaining(['galera', 'rabbitmq', 'etcd', 'pacemaker']));
    expect(asked.exitCode).toBe(5);
  });

  it('spares the lost host itself, which is stopped already', async () => {
    const asked = await askedAbout(LOST);
    expect(asked.needing, asked.stdout).toEqual([]);
    expect(asked.exitCode).toBe(0);
  });

  it('spares each host again once the lost one is back', async () => {
    await start(LOST);
    await untilHealthy(INVENTORY, 300_000);
    const asked = await askedAbout('controller1');
    expect(asked.needing, asked.stdout).toEqual([]);
  });

  afterAll(() => start(LOST));
}

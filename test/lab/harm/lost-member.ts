import { afterAll, beforeAll, expect, it } from 'vitest';
import { HOSTS, INVENTORY, kill, on, sql, start } from '../core/hosts.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, failuresOf, osha } from '../support/osha.ts';
import { until } from '../support/until.ts';
import { acknowledgedSince } from './client.ts';
import { said } from './said.ts';

const LOST = 'controller3';
const SURVIVORS = HOSTS.filter((host) => host !== LOST);

const sizeOn = (host: string): Promise<string> => sql(host, "SHOW STATUS LIKE 'wsrep_cluster_size'");

async function clusterHas(members: number, hosts: readonly string[]): Promise<boolean> {
  const sizes = await Promise.all(hosts.map(sizeOn));
  return sizes.every((size) => size.endsWith(`\t${members}`));
}

/** Kills all servers at once under load; their units do not restart them. */
async function losePower(hosts: readonly string[]): Promise<void> {
  await Promise.all(hosts.map((host) => on(host, 'systemctl kill -s KILL mariadb; systemctl stop mariadb')));
  await until('all are down', 60_000, async () => {
    const states = await Promise.all(hosts.map((host) => on(host, 'systemctl is-active mariadb || :')));
    return states.every((state) => state === 'failed' || state === 'inactive');
  });
}

/** All three members are down, and one host is lost for good. */
export function lostMember(): void {
  let named = '';

  beforeAll(async () => {
    await kill(LOST);
    await until('the survivors have the quorum', 120_000, () => clusterHas(2, SURVIVORS));
    await losePower(SURVIVORS);
  });

  it('is not started by guessing: deploy finds the member with the newest data and prints the command', async () => {
    const run = await osha('deploy', INVENTORY, '--only', 'galera', '--json');
    expect(run.exitCode, said(run)).toBe(5);
    expect(said(run)).toMatch(new RegExp(`bring ${LOST} back`));
    named = /osha deploy inventory\/lab\.yaml --bootstrap-from (controller[12])\b/.exec(said(run))?.[1] ?? '';
    expect(named, said(run)).not.toBe('');
    expect(changesOf(run).filter((change) => change.includes('bootstrap'))).toEqual([]);
  });

  it('is not started from a host that is no member, or from the lost one', async () => {
    const stranger = await osha('deploy', INVENTORY, '--bootstrap-from', 'controller9', '--yes', '--json');
    expect(stranger.exitCode, said(stranger)).toBe(2);
    expect(said(stranger)).toMatch(/controller1, controller2, controller3/);
    const only = ['--only', 'galera', '--yes', '--json'];
    const lost = await osha('deploy', INVENTORY, '--bootstrap-from', LOST, ...only);
    expect(lost.exitCode, said(lost)).toBe(5);
    expect(changesOf(lost)).toEqual([]);
  });

  it('is bootstrapped on the remaining hosts from the member that the operator names', async () => {
    const since = Number(await on('controller1', 'date +%s'));
    const run = await osha('deploy', INVENTORY, '--bootstrap-from', named, '--yes', '--json');
    expect(run.exitCode, said(run)).toBe(4);
    expect(failuresOf(run).filter((failure) => failure.includes('galera'))).toEqual([]);
    const other = SURVIVORS.find((host) => host !== named) ?? '';
    expect(changesOf(run).filter((change) => /: galera: (bootstrap|join)/.test(change))).toEqual([
      expect.stringContaining(`${named}: galera: bootstrap the cluster`),
      `${other}: galera: join the cluster`,
    ]);
    expect(await clusterHas(2, SURVIVORS)).toBe(true);
    await until('the client is served', 60_000, async () => (await acknowledgedSince(since)).count > 0);
  });

  it('no longer needs the option: another deployment leaves the database alone', async () => {
    const again = await osha('deploy', INVENTORY, '--only', 'galera', '--json');
    expect(again.exitCode, said(again)).toBe(4);
    expect(changesOf(again)).toEqual([]);
  });

  it('takes the lost host back if it returns after all', async () => {
    await start(LOST);
    await until('it has three members', 300_000, () => clusterHas(3, HOSTS));
    await untilHealthy(INVENTORY, 180_000);
  });

  afterAll(async () => {
    await start(LOST);
    await untilHealthy(INVENTORY, 300_000);
  });
}

import { expect, it } from 'vitest';
import { ADDRESSES, HOSTS, INVENTORY, kill, on, sql, start } from '../core/hosts.ts';
import { checkoutWith } from '../harm/inventories.ts';
import { said } from '../harm/said.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, osha } from '../support/osha.ts';
import { until } from '../support/until.ts';
import { listedEverywhere, membersListedOn } from './member-lists.ts';

const GONE = 'controller3';
const ADDRESS = ADDRESSES[GONE] ?? '';
const LEFT = HOSTS.filter((host) => host !== GONE);

/** What a reinstalled host does not have any more. */
const REINSTALLED = `systemctl stop haproxy pacemaker corosync pcsd mariadb rabbitmq-server etcd memcached
rm -rf /var/lib/mysql/* /var/lib/rabbitmq/mnesia/* /var/lib/etcd/* /etc/corosync/corosync.conf \\
  /var/lib/pacemaker/cib/* /var/lib/pcsd/known-hosts /var/lib/pcsd/pcs_users.conf`;

/** A host is gone for good, leaves the inventory, and a new one takes its place. */
export function membership(): void {
  const listsOn = (host: string) =>
    membersListedOn((script) => on(host, script), { name: GONE, address: ADDRESS });

  const withoutIt = (): string =>
    checkoutWith('without', (inventory) => void inventory.deleteIn(['hosts', GONE]));

  it('a host that is gone and no longer in the inventory is only reported without --prune', async () => {
    await kill(GONE);
    await until('the others have the majority', 120_000, async () => {
      const size = await sql(LEFT[0] ?? '', "SHOW STATUS LIKE 'wsrep_cluster_size'");
      return size.endsWith(`\t${LEFT.length}`);
    });
    const survey = await osha('plan', withoutIt(), '--diff', '--json');
    expect(changesOf(survey).filter((change) => /remove controller3|forget rabbit@/.test(change))).toEqual(
      [],
    );
  });

  it('is removed from every system by deploy --prune, and status is healthy', async () => {
    const file = withoutIt();
    const run = await osha('deploy', file, '--prune', '--yes', '--json');
    expect(run.exitCode, said(run)).toBe(0);
    await untilHealthy(file, 120_000);
    for (const host of LEFT) expect(await listsOn(host)).toEqual(listedEverywhere(false));
    const again = await osha('deploy', file, '--prune', '--yes', '--json');
    expect(changesOf(again)).toEqual([]);
  });

  it('its place is taken by a new host of that name, with the data of the cluster', async () => {
    await start(GONE);
    await on(GONE, REINSTALLED);
    const run = await osha('deploy', INVENTORY, '--json');
    expect(run.exitCode, said(run)).toBe(0);
    await untilHealthy(INVENTORY, 120_000);
    for (const host of HOSTS) expect(await listsOn(host)).toEqual(listedEverywhere(true));
  });
}

import { expect, it } from 'vitest';
import type { GaleraSettings } from '../../../playbooks/galera/settings.ts';
import { until } from '../support/until.ts';
import type { Architecture, Aspect } from './architecture.ts';
import { expectSmoke, isCloud } from './cloud.ts';
import { answers } from './silence.ts';
import { untilHealthy, expectNothingToDo } from './whole.ts';

/** HAProxy drops a server after 10 s, Galera a member after 5 s, and a group takes time to start. */
const MOST_INTERRUPTION_MS = 60_000;

/** The largest simultaneous loss that each inventory claims to survive, besides the holder of a virtual IP. */
const LOSSES: Readonly<Record<string, readonly string[]>> = {
  'three-controllers': ['controller1'],
  'two-controllers': ['bastion'],
  'separate-load-balancers': ['balancer1', 'controller1'],
  'active-passive': ['controller1', 'data1'],
  'cluster-per-service': ['database1', 'messaging1', 'api1'],
};

/** After the loss that an inventory claims to survive, everything behind its virtual IPs works. */
export const losses: Aspect = {
  title: 'surviving losses',
  fits: ({ name }) => Object.hasOwn(LOSSES, name),
  tests: (architecture) => {
    const { inventory, lab, name, systems } = architecture;
    const lost = LOSSES[name] ?? [];
    const left = (system: string): readonly string[] =>
      (systems.get(system) ?? []).filter((host) => !lost.includes(host));

    it(`keeps working without ${lost.join(', ')}`, async () => {
      const [database = ''] = inventory.hosts
        .filter((host) => host.roles.includes('database') && !lost.includes(host.name))
        .map((host) => host.name);
      await lab.sql(
        database,
        `CREATE DATABASE IF NOT EXISTS labtest; CREATE OR REPLACE TABLE labtest.rows (id INT PRIMARY KEY);
         CREATE OR REPLACE USER 'labtest'@'%' IDENTIFIED BY 'labtest'; GRANT ALL ON labtest.* TO 'labtest'@'%'`,
      );
      await Promise.all(lost.map((host) => lab.kill(host)));
      for (const vip of inventory.vips) {
        await until(`${vip.name} answers`, MOST_INTERRUPTION_MS, () => answers(vip));
      }
      const { address, port, client } = databaseOf(architecture, lost);
      const login = `-h ${address} -P ${port} -u labtest -plabtest --connect-timeout=3`;
      await until(`a write through ${address}:${port} succeeds`, MOST_INTERRUPTION_MS, async () => {
        await lab.on(client, `timeout 5 mysql ${login} -e 'REPLACE INTO labtest.rows VALUES (1)'`);
        return true;
      });
      for (const host of left('etcd')) {
        await lab.on(host, `ETCDCTL_API=3 etcdctl --command-timeout=10s put osha-lab/loss ${host}`);
      }
      for (const host of left('rabbitmq')) await lab.on(host, 'rabbitmq-diagnostics -q check_running');
      if (isCloud(architecture)) await expectSmoke(architecture);
    });

    it(`is healthy again when they are back: ${lost.join(', ')}`, async () => {
      await Promise.all(lost.map((host) => lab.start(host)));
      await untilHealthy(architecture);
      await expectNothingToDo(architecture);
      const [database = ''] = left('galera');
      expect(await lab.sql(database, 'SELECT COUNT(*) FROM labtest.rows')).toBe('1');
      await lab.sql(database, "DROP DATABASE labtest; DROP USER 'labtest'@'%'");
    });
  },
};

/** The address of the database for clients, and a host to connect from: one that can hold its virtual IP. */
function databaseOf(
  { inventory }: Architecture,
  lost: readonly string[],
): { readonly address: string; readonly port: number; readonly client: string } {
  const vip = inventory.vips.find(({ name }) => name === 'database') ?? inventory.vips[0];
  if (!vip) throw new Error('there is no virtual IP');
  const { frontend_port: port } = inventory.settings['galera'] as GaleraSettings;
  const client = vip.holders.find((host) => !lost.includes(host)) ?? '';
  return { address: vip.address, port, client };
}

import { expect, it } from 'vitest';
import { HOSTS, on } from '../core/hosts.ts';
import { changesOf, osha, summaryOf } from '../support/osha.ts';
import { withoutHarm } from './client.ts';
import { checkoutWith } from './inventories.ts';
import { said } from './said.ts';

export function otherName(): void {
  const renamed = (): string => checkoutWith('renamed', (inventory) => inventory.set('name', 'prod'));

  it.each([[['plan', '--diff']], [['deploy']]])(
    'is refused by %s, with the name of the cluster',
    async ([command = '', ...options]) => {
      await withoutHarm(async () => {
        const run = await osha(command, renamed(), ...options, '--json');
        expect(run.exitCode, run.stderr).toBe(5);
        expect(summaryOf(run).refused).toBeDefined();
        expect(said(run)).toMatch(/\blab\b[^]*\bprod\b/);
        const files = changesOf(run).filter((change) => /: (galera|pacemaker|etcd): /.test(change));
        expect(files).toEqual([]);
      });
    },
  );

  it('keeps its name in every configuration file', async () => {
    for (const host of HOSTS) {
      expect(await on(host, 'grep -rh wsrep_cluster_name /etc/mysql')).toMatch(/lab/);
      expect(await on(host, 'grep -h cluster_name /etc/corosync/corosync.conf')).toMatch(/lab/);
    }
  });
}

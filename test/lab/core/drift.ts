import { expect, it } from 'vitest';
import { changesOf, failuresOf, osha } from '../support/osha.ts';
import { HOSTS, INVENTORY, on } from './hosts.ts';

/** The start of each long-running service, by host; must not change while another phase is repaired. */
async function startsOf(units: string): Promise<readonly string[]> {
  return Promise.all(
    HOSTS.map((host) => on(host, `systemctl show -p ActiveEnterTimestampMonotonic ${units}`)),
  );
}

export function drift(): void {
  it('--only rabbitmq rejoins a broker node that was reset, and touches nothing else', async () => {
    const before = await startsOf('mariadb haproxy corosync memcached');
    await on('controller3', 'rabbitmqctl -q stop_app && rabbitmqctl -q reset && rabbitmqctl -q start_app');
    const repaired = await osha('deploy', INVENTORY, '--only', 'rabbitmq', '--json');
    expect(failuresOf(repaired)).toEqual([]);
    expect(repaired.exitCode, repaired.stderr).toBe(0);
    expect(changesOf(repaired).join('\n')).toMatch(/controller3/);
    expect(await startsOf('mariadb haproxy corosync memcached')).toEqual(before);
    const status = await on('controller1', 'rabbitmqctl -q cluster_status --formatter json');
    expect((JSON.parse(status) as { running_nodes: string[] }).running_nodes).toHaveLength(3);
  });

  it('--only haproxy restores an edited configuration, and touches nothing else', async () => {
    const before = await startsOf('mariadb rabbitmq-server corosync memcached');
    await on(
      'controller2',
      'sed -i "s/^    retries 3$/    retries 7/" /etc/haproxy/haproxy.cfg && echo "# edited by hand" >> /etc/haproxy/haproxy.cfg',
    );
    const shown = await osha('plan', INVENTORY, '--only', 'haproxy', '--diff', '--plain');
    expect(shown.stdout).toMatch(/^ *- {4}retries 7\n *\+ {4}retries 3$/m);
    // The file holds a password: a line that osha did not write may be a former one, so it is masked.
    expect(shown.stdout).toMatch(/^ *-<masked>$/m);
    const repaired = await osha('deploy', INVENTORY, '--only', 'haproxy', '--json');
    expect(failuresOf(repaired)).toEqual([]);
    expect(repaired.exitCode, repaired.stderr).toBe(0);
    expect(changesOf(repaired).every((change) => change.startsWith('controller2: haproxy:'))).toBe(true);
    expect(await on('controller2', 'tail -1 /etc/haproxy/haproxy.cfg')).not.toContain('edited by hand');
    expect(await startsOf('mariadb rabbitmq-server corosync memcached')).toEqual(before);
  });

  it('a deploy after that changes nothing', async () => {
    const again = await osha('deploy', INVENTORY, '--json');
    expect(changesOf(again)).toEqual([]);
    expect(again.exitCode).toBe(0);
  });
}

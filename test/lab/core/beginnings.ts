import { expect, it } from 'vitest';
import { sampleProcesses, secretsIn } from '../support/secrets.ts';
import { changesOf, failuresOf, osha, startOsha, summaryOf } from '../support/osha.ts';
import { HOSTS, INVENTORY, on, snapshot } from './hosts.ts';

export function beginnings(): void {
  it('plan --diff shows the changes and makes none', async () => {
    const before = await Promise.all(HOSTS.map(snapshot));
    const diff = await osha('plan', INVENTORY, '--diff', '--json', '--exit-code');
    const after = await Promise.all(HOSTS.map(snapshot));
    expect(diff.exitCode, diff.stderr).toBe(3);
    expect(changesOf(diff).join('\n')).toMatch(/controller2: base: .*\/etc\/hosts/);
    expect(summaryOf(diff).failed).toBe(0);
    expect(after).toEqual(before);
  });

  it('--limit does not shrink the cluster’s configuration on fresh hosts', async () => {
    const limited = await osha('deploy', INVENTORY, '--limit', 'controller2', '--json');
    expect(failuresOf(limited)).toEqual([]);
    expect(limited.exitCode, limited.stderr).toBe(0);
    const config = await on('controller2', 'grep -rh wsrep_cluster_address /etc/mysql/');
    for (const address of ['172.29.77.11', '172.29.77.12', '172.29.77.13']) expect(config).toContain(address);
    expect(
      await on(
        'controller1',
        'test -e /etc/mysql/mariadb.conf.d/60-osha-galera.cnf && echo there || echo none',
      ),
    ).toBe('none');
  });

  it('stops cleanly on Ctrl-C in the middle', async () => {
    const run = startOsha('deploy', INVENTORY, '--json');
    await run.until((event) => event.event === 'change' && event.phase === 'galera');
    run.process.kill('SIGINT');
    const stopped = await run.result;
    expect(stopped.exitCode, stopped.stderr).toBe(130);
    expect(summaryOf(stopped).interrupted).toBe(true);
    for (const host of HOSTS) expect(await on(host, 'pgrep -fc "osha\\." || true')).toBe('0');
  });

  it('converges from there with another deploy, and shows no secret in any process list', async () => {
    const stop = sampleProcesses('controller1');
    const deployed = await osha('deploy', INVENTORY, '--json');
    const seen = await stop();
    expect(failuresOf(deployed)).toEqual([]);
    expect(deployed.exitCode, deployed.stderr).toBe(0);
    expect(seen).toContain('pcs');
    expect(secretsIn(seen)).toEqual([]);
  });
}

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { recordsOfRuns, sampleProcesses, secretsIn } from '../support/secrets.ts';
import { changesOf, failuresOf, osha, summaryOf } from '../support/osha.ts';
import { HOSTS, INVENTORY, on } from './cloud.ts';
import type { Figures } from './figures.ts';

/** Fresh hosts become a cloud on which a server boots. */
export function deployment(figures: Figures): void {
  it('deploys onto fresh hosts, with no secret in the arguments or environment of any process', async () => {
    const samples = HOSTS.map((host) => sampleProcesses(host, { inventory: INVENTORY }));
    const deployed = await osha('deploy', INVENTORY, '--json');
    const seen = await Promise.all(samples.map((stop) => stop()));
    expect(failuresOf(deployed)).toEqual([]);
    expect(deployed.exitCode, deployed.stderr + deployed.stdout.slice(-2000)).toBe(0);
    figures.deployMs = deployed.durationMs;
    expect(seen.map((processes) => processes.length > 1000)).toEqual(HOSTS.map(() => true));
    expect(secretsIn(seen.join('\n'))).toEqual([]);
  });

  it('leaves no secret in its records or in any log of a host', async () => {
    expect(secretsIn(recordsOfRuns())).toEqual([]);
    for (const host of HOSTS) {
      expect(secretsIn(await on(host, 'cat /var/log/*.log /var/log/*/*.log 2>/dev/null || :')), host).toEqual(
        [],
      );
    }
  });

  it('is healthy in status, which covers every API and agent', async () => {
    const status = await osha('status', INVENTORY);
    expect(status.exitCode, status.stdout + status.stderr).toBe(0);
    for (const said of ['Keystone', 'nova-compute', 'DHCP agent', 'API at the virtual IP']) {
      expect(status.stdout).toContain(said);
    }
  });

  it.each(['neutron-keepalived-state-change', 'privsep-helper'])(
    'starts %s as root with a thread-safe log',
    async (program) => {
      const threads = await readFile(resolve(import.meta.dirname, 'threads.py'), 'utf8');
      const entryPoint = `/usr/local/libexec/osha/openstack/${program}`;
      expect(await on('controller1', `python3 - ${entryPoint} <<'END'\n${threads}\nEND`)).toBe('3');
      expect(await on('controller1', `pgrep -fc ' (/usr)?/s?[b]in/${program}' || :`)).toBe('0');
    },
  );

  it('is converged on a second deploy', async () => {
    const again = await osha('deploy', INVENTORY, '--json');
    expect(failuresOf(again)).toEqual([]);
    expect(changesOf(again)).toEqual([]);
    expect(summaryOf(again)).toMatchObject({ changes: 0, failed: 0 });
    figures.rerunMs = again.durationMs;
    for (const host of HOSTS) {
      // Proportional set size: shared pages are counted once.
      const used = await on(
        host,
        "cat /proc/[0-9]*/smaps_rollup 2>/dev/null | awk '/^Pss:/ { sum += $2 } END { print int(sum / 1024) }'",
      );
      figures.memoryMib.set(host, Number(used));
    }
  });

  it('passes the smoke test with a booting server', async () => {
    const smoke = await osha('smoke', INVENTORY, '--json');
    expect(smoke.exitCode, smoke.stdout.slice(-3000) + smoke.stderr).toBe(0);
    figures.smokeMs = smoke.durationMs;
  });
}

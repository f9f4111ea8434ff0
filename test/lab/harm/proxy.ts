import { afterAll, beforeAll, expect, it } from 'vitest';
import { HOSTS, INVENTORY, on } from '../core/hosts.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, osha } from '../support/osha.ts';
import { withoutHarm } from './client.ts';

/** A dead proxy, set for all sudo commands by an administrator. */
const SETTING = '/etc/sudoers.d/proxy';
const VARIABLES = '/etc/proxy-variables';

export function proxyInTheEnvironment(): void {
  beforeAll(async () => {
    for (const host of HOSTS) {
      await on(
        host,
        `printf '%s\\n' http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 ALL_PROXY=http://127.0.0.1:9 >${VARIABLES}
echo 'Defaults env_file = ${VARIABLES}' >${SETTING}
chmod 440 ${SETTING}`,
      );
    }
  });

  it('is set for sudo commands, so that this test is meaningful', async () => {
    expect(await on('controller1', "su osha -c 'sudo env' | grep -i ^http_proxy=")).toContain('127.0.0.1:9');
  });

  it('makes nothing unhealthy, and a deployment is converged', async () => {
    await withoutHarm(async () => {
      await untilHealthy(INVENTORY, 180_000);
      const deployed = await osha('deploy', INVENTORY, '--json');
      expect(changesOf(deployed)).toEqual([]);
      expect(deployed.exitCode, deployed.stderr).toBe(0);
    });
  });

  it('is not seen by a command of osha exec', async () => {
    const shown = await osha('exec', INVENTORY, '--', 'env');
    expect(shown.exitCode, shown.stderr).toBe(0);
    expect(shown.stdout).not.toMatch(/proxy/i);
  });

  afterAll(async () => {
    for (const host of HOSTS) await on(host, `rm -f ${SETTING} ${VARIABLES}`);
  });
}

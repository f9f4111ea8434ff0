import { expect, it } from 'vitest';
import type { HaproxySettings } from '../../../playbooks/haproxy/settings.ts';
import { osha } from '../support/osha.ts';
import type { Architecture, Aspect } from './architecture.ts';

/** Virtual IPs with TLS have certificates of the deployment's own CA. */
export const certificate: Aspect = {
  title: 'TLS',
  fits: (architecture) => vipsOf(architecture).length > 0,
  tests: (architecture) => {
    const { file, lab } = architecture;
    const curl = (host: string, options: string, url: string): Promise<string> =>
      lab.on(host, `curl -sS --max-time 10 ${options} ${url}`);

    it.each(vipsOf(architecture).map((vip) => [vip.address, vip] as const))(
      'curl trusts https://%s/ with the CA that osha prints',
      async (_, vip) => {
        const host = vip.holders.at(-1) ?? '';
        const authority = await osha('ca', file);
        expect(authority.exitCode, authority.stderr).toBe(0);
        expect(authority.stdout).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
        await lab.on(host, `cat >/run/lab-ca.pem <<'PEM'\n${authority.stdout}PEM`);
        const url = `https://${vip.address}/`;
        const code = await curl(host, `--cacert /run/lab-ca.pem -o /dev/null -w '%{http_code}'`, url);
        expect(code).toMatch(/^[2-4]\d\d$/);
        // Without the CA, curl rejects the certificate with exit code 60.
        await expect(curl(host, '', url)).rejects.toThrow(/ended with 60/);
      },
    );
  },
};

function vipsOf({ inventory }: Architecture): Architecture['inventory']['vips'] {
  const { tls } = inventory.settings['haproxy'] as HaproxySettings;
  return inventory.vips.filter(
    ({ name }) => Object.hasOwn(tls, name) && tls[name]?.certificate === undefined,
  );
}

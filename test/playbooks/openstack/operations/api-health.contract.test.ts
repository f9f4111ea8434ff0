import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ApiService,
  type ApiState,
  apiHealth,
} from '../../../../playbooks/openstack/operations/api-health.ts';
import type { ApiSession } from '../../../../playbooks/openstack/operations/api-session.ts';
import type { Answer } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { startCloud, type Cloud } from './cloud.ts';
import { linesOf } from './findings.ts';
import { PATH, runMeanwhile } from './meanwhile.ts';
import { nova, NOWHERE, sessionAt } from './sessions.ts';

describe('a probe of real servers', () => {
  let folder: string;
  let cloud: Cloud;
  beforeEach(async () => {
    folder = folderForTest();
    const query = join(folder, 'dpkg-query');
    writeFileSync(
      query,
      `#!/bin/sh\ncase $4 in keystone) printf 2:22.0.2-0 ;; nova-api) printf 2:26.2.2-1 ;; *) exit 1 ;; esac\n`,
    );
    chmodSync(query, 0o755);
    cloud = await startCloud({
      others: ({ path }) =>
        path.endsWith('/os-services')
          ? {
              status: path.startsWith('/broken/') ? 500 : 200,
              body: { services: [{ binary: 'nova-compute', host: 'k1', state: 'up', status: 'enabled' }] },
            }
          : undefined,
    });
  });
  afterEach(async () => {
    await cloud.close();
  });

  const here = aHost('c1', { address: '127.0.0.1' });
  const port = (): number => Number(new URL(cloud.origin).port);
  const services = (root = '/own'): readonly [ApiService, ApiService] => [
    {
      ...{
        title: 'Keystone',
        type: 'identity',
        hosts: [here],
        port: port(),
        root: '/v3',
        package: 'keystone',
      },
    },
    { ...nova, hosts: [here], port: port(), root },
  ];

  /** Adds Nova to the catalogue at this URL. */
  function catalogue(url: string): void {
    cloud.lists['services']?.push({ id: 's-compute', type: 'compute' });
    cloud.lists['endpoints']?.push({ id: 'n-1', service_id: 's-compute', interface: 'internal', url });
  }

  async function findings(
    session: ApiSession,
    all: readonly [ApiService, ApiService] = services(),
  ): Promise<readonly string[]> {
    const probe = apiHealth(session, all, all[0]).probe(here);
    const answer = await runMeanwhile(probe.script, probe.input, { PATH: `${folder}${delimiter}${PATH}` });
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
    // The other services' probes are identical, so this is their answer too.
    const found = all.map((service) => {
      const check = apiHealth(session, all, service);
      const known: Answer<ApiState> = { reachable: true, observed: check.probe(here).parse(answer) };
      return check
        .judge(new Map([['c1', known]]))
        .map((one) => ({ ...one, evidence: one.evidence.replace(/\d+ ms/, 'N ms') }));
    });
    return found.map((of, index) => linesOf(of).map((line) => `${all[index]?.title ?? ''}: ${line}`)).flat();
  }

  const KEYSTONE = 'Keystone: API on c1: 22.0.2, answers in N ms';
  const NOVA = 'Nova: API on c1: 26.2.2, answers in N ms';
  const KEYSTONE_VIP = 'Keystone: API at the virtual IP: answers in N ms';
  const NOVA_VIP = 'Nova: API at the virtual IP: answers in N ms';
  const ALIVE = 'Nova: nova-compute: 1 of 1 alive';

  it('finds each service, its own and at the virtual IP, and its agents', async () => {
    catalogue(`${cloud.origin}/vip`);
    expect(await findings(sessionAt(cloud.origin))).toEqual([KEYSTONE, KEYSTONE_VIP, NOVA, NOVA_VIP, ALIVE]);
  });

  it('names the service whose own API is broken, and no other', async () => {
    catalogue(`${cloud.origin}/vip`);
    const lines = await findings(sessionAt(cloud.origin), services('/broken'));
    expect(lines.filter((line) => line.includes('BAD'))).toEqual([
      expect.stringMatching(/^Nova: BAD API on c1: answers 500 .*\(port \d+\)$/) as string,
    ]);
  });

  it('names the service that is broken at the virtual IP, and no other', async () => {
    catalogue(NOWHERE);
    const lines = await findings(sessionAt(cloud.origin));
    expect(lines.filter((line) => line.includes('BAD'))).toEqual([
      expect.stringMatching(/^Nova: BAD API at the virtual IP: asked from c1: .*refused/) as string,
    ]);
  });

  it('sees that nobody can log in at the virtual IP, and asks on through a host of the control plane', async () => {
    catalogue(`${cloud.origin}/vip`);
    const session = { ...sessionAt(cloud.origin), authUrl: NOWHERE, otherUrls: [`${cloud.origin}/v3`] };
    expect(await findings(session)).toEqual([
      KEYSTONE,
      expect.stringMatching(/^Keystone: BAD API at the virtual IP: asked from c1: .*refused/) as string,
      NOVA,
      NOVA_VIP,
      ALIVE,
    ]);
  });

  it('says why nobody could log in at all', async () => {
    catalogue(`${cloud.origin}/vip`);
    const lines = await findings({ ...sessionAt(cloud.origin), authUrl: NOWHERE });
    expect(lines).toHaveLength(4);
    expect(lines.filter((line) => /BAD .*refused/.test(line))).toEqual(lines);
  });
});

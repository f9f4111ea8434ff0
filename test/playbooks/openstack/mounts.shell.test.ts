import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { INSTANCES, mountsAt, needsMounts } from '../../../playbooks/openstack/mounts.ts';
import type { Inventory } from '../../../src/inventory/types.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { runHere } from '../../operations/local.ts';
import { deployment, placedBy } from './deployment.ts';

const IMAGES = '/var/lib/glance/images';
const host = aHost('controller1');

function sharing(mount: string, on = ['control'], by = 'glusterfs'): Inventory {
  const path = '/srv/images';
  const said =
    by === 'nfs'
      ? { shares: { images: { server: host.name, path, mount, on } } }
      : { volumes: { images: { path, mount, on } } };
  return anInventory({ hosts: [host], settings: { [by]: said } });
}

const taken = {
  unit: 'glance-api',
  hosts: ['controller1'],
  by: 'pacemaker',
  runsOn: 'one',
} as const;

/** The files that are placed or removed. */
function files(inventory: Inventory, takeovers: readonly (typeof taken)[] = []) {
  return needsMounts('glance-api', IMAGES, host, { inventory, takeovers }).map(({ places, title }) =>
    places ? [places.path, asSecretText(places.content).reveal()] : [title],
  );
}

const DROP_IN = '/etc/systemd/system/glance-api.service.d/60-osha-mounts.conf';
const STARTS = '/etc/systemd/system/var-lib-glance-images.mount.d/60-osha-glance-api.conf';

describe('a unit with data on a mount', () => {
  it('requires the mount, and starts with it', () => {
    const [first, second, ...more] = files(sharing(IMAGES));
    expect(first?.[0]).toBe(DROP_IN);
    expect(first?.[1]).toContain(`[Unit]\nRequiresMountsFor=${IMAGES} ${IMAGES}\n`);
    expect(second?.[0]).toBe(STARTS);
    expect(second?.[1]).toContain('[Unit]\nWants=glance-api.service\n');
    expect(more).toEqual([]);
  });

  it('is not started by the mount if a cluster manager controls it', () => {
    expect(files(sharing(IMAGES), [taken]).map(([path]) => path)).toEqual([DROP_IN]);
  });

  it('loses the requirement when nothing is mounted any more', () => {
    expect(files(sharing('/srv/elsewhere'))).toEqual([[`no ${DROP_IN}`]]);
  });

  it.each([
    ['the folder itself', IMAGES, ['control'], 'glusterfs', [IMAGES]],
    ['an NFS share', IMAGES, ['control'], 'nfs', [IMAGES]],
    ['a parent folder', '/var/lib/glance', ['control'], 'glusterfs', ['/var/lib/glance']],
    ['a subfolder', `${IMAGES}/cold`, ['control'], 'glusterfs', [`${IMAGES}/cold`]],
    ['a folder with a similar name', `${IMAGES}-old`, ['control'], 'glusterfs', []],
    ['a mount of other hosts', IMAGES, ['controller9'], 'glusterfs', []],
  ])('waits for %s: %s', (_what, where, on, by, expected) => {
    expect(mountsAt(IMAGES, host, sharing(where, on, by))).toEqual(expected);
  });

  const folder = folderForAll();
  it.runIf(runHere('command -v systemd-analyze').exitCode === 0)('is one that systemd takes', () => {
    const [first] = files(sharing(IMAGES));
    const unit = join(folder, 'osha-test.service');
    writeFileSync(unit, '[Service]\nExecStart=/bin/true\n');
    mkdirSync(`${unit}.d`);
    writeFileSync(join(`${unit}.d`, 'mounts.conf'), first?.[1] ?? '');
    expect(runHere(`systemd-analyze verify --man=no '${unit}'`).stderr).not.toMatch(/osha-test|mounts\.conf/);
  });
});

describe('the phases whose units have data on shared folders', () => {
  const placed = placedBy(
    deployment({
      more: `
glusterfs:
  servers: [c1, c2, all1]
  volumes:
    images: { path: /srv/images, mount: ${IMAGES}, on: [control] }
    instances: { path: /srv/instances, mount: ${INSTANCES}, on: [compute] }
`,
    }),
  );

  it.each([
    ['glance', 'glance-api', ['c1', 'c2', 'all1']],
    ['nova-compute', 'nova-compute', ['all1', 'k1']],
  ])('%s has %s wait for its mount on each of its hosts', (phase, unit, hosts) => {
    const found = placed.filter(({ path }) => path.includes(`/${unit}.service.d/60-osha-mounts.conf`));
    expect(found.map((one) => one.host)).toEqual(hosts);
    for (const one of found) {
      expect(one.phase).toBe(phase);
      expect(one.text).toContain('RequiresMountsFor=');
    }
  });
});

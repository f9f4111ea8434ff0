import { describe, expect, it } from 'vitest';
import glusterfs from '../../../playbooks/glusterfs/playbook.ts';
import type { GlusterfsSettings } from '../../../playbooks/glusterfs/settings.ts';
import { volumesOf } from '../../../playbooks/glusterfs/storage.ts';
import type { Inventory } from '../../../src/inventory/types.ts';
import type { InventoryProblem } from '../../../src/playbook/playbook.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { contextOf, placedFile, titlesOn } from '../context.ts';

const IMAGES = { path: '/srv/gluster/images', mount: '/var/lib/glance/images', on: ['control'] };
const UNIT = '/etc/systemd/system/var-lib-glance-images.mount';

/** Two controllers, and `storage` hosts with the role storage. */
function inventoryWith(settings: unknown, storage = 3): Inventory {
  const servers = Array.from({ length: storage }, (_, index) =>
    aHost(`storage${index + 1}`, { roles: ['storage'], controller: false, address: `192.0.2.3${index + 1}` }),
  );
  const hosts = [aHost('controller1'), aHost('controller2'), ...servers];
  return anInventory({ hosts, settings: { glusterfs: glusterfs.settings.parse(settings) } });
}

function contextFor(settings: unknown, storage = 3) {
  const inventory = inventoryWith(settings, storage);
  return contextOf(glusterfs, { inventory, settings });
}

function problemsIn(settings: unknown, storage = 3): readonly string[] {
  const inventory = inventoryWith(settings, storage);
  const problems: readonly InventoryProblem[] =
    glusterfs.validate?.(inventory, inventory.settings['glusterfs']) ?? [];
  return problems.map(({ severity, path, message }) => `${path.join('.')}: ${severity}: ${message}`);
}

describe('the GlusterFS playbook', () => {
  it('has no hosts without volumes', () => {
    expect(contextFor({}).hosts).toEqual([]);
    expect(glusterfs.hosts(anInventory())).toEqual([]);
  });

  it('runs on servers and clients, in inventory order', () => {
    const { hosts } = contextFor({ volumes: { images: { ...IMAGES, on: ['controller2'] } } });
    expect(hosts.map(({ name }) => name)).toEqual(['controller2', 'storage1', 'storage2', 'storage3']);
  });

  it('installs the server only on servers, and mounts only on clients', () => {
    const context = contextFor({ volumes: { images: IMAGES } });
    expect(titlesOn(glusterfs, context, 'storage1')).toContain('glusterfs-server, glusterfs-client, attr');
    expect(titlesOn(glusterfs, context, 'storage1')).not.toContain(
      'storage1:/images at /var/lib/glance/images',
    );
    expect(titlesOn(glusterfs, context, 'controller1')).toContain('glusterfs-client, attr');
    expect(titlesOn(glusterfs, context, 'controller1')).toContain(
      'storage1:/images at /var/lib/glance/images',
    );
  });

  it('covers every host when the volumes name no valid one, so that validation runs', () => {
    expect(contextFor({ servers: ['x'], volumes: { images: { ...IMAGES, on: ['y'] } } }).hosts).not.toEqual(
      [],
    );
  });
});

describe('a mount', () => {
  it('lists every server, and a server itself first', () => {
    const context = contextFor({ volumes: { images: { ...IMAGES, on: ['control', 'storage2'] } } });
    const client = placedFile(glusterfs, context, 'controller1', UNIT);
    expect(client).toContain('What=storage1:/images\n');
    expect(client).toContain('Options=_netdev,backup-volfile-servers=storage2:storage3\n');
    expect(client).not.toContain('glusterd');
    const server = placedFile(glusterfs, context, 'storage2', UNIT);
    expect(server).toContain('What=storage2:/images\n');
    expect(server).toContain('Options=_netdev,backup-volfile-servers=storage1:storage3\n');
    expect(server).toContain('After=network-online.target glusterd.service\n');
  });
});

describe('the options of a volume', () => {
  const optionsOf = (settings: unknown, storage: number): unknown => {
    const inventory = inventoryWith(settings, storage);
    return volumesOf(inventory, inventory.settings['glusterfs'] as GlusterfsSettings)[0]?.options;
  };

  it('allow only its hosts, and require a quorum of three copies', () => {
    expect(optionsOf({ volumes: { images: { ...IMAGES, on: ['controller1'] } } }, 3)).toEqual({
      'auth.allow': '192.0.2.11,192.0.2.31,192.0.2.32,192.0.2.33',
      'network.ping-timeout': '10',
      'cluster.quorum-type': 'auto',
    });
  });

  it('have no quorum of two copies, and are overridden by the inventory', () => {
    const options = { 'features.shard': true, 'network.ping-timeout': 5 };
    expect(optionsOf({ volumes: { images: { ...IMAGES, options } } }, 2)).toEqual({
      'auth.allow': '192.0.2.11,192.0.2.12,192.0.2.31,192.0.2.32',
      'network.ping-timeout': '5',
      'features.shard': 'true',
    });
  });
});

describe('GlusterFS validation reports', () => {
  const two = (more: object): unknown => ({
    volumes: {
      images: IMAGES,
      more: { path: '/srv/gluster/more', mount: '/more', on: ['control'], ...more },
    },
  });

  it.each([
    ['nothing for three servers', { volumes: { images: IMAGES } }, 3, []],
    ['nothing without volumes and servers', {}, 0, []],
    [
      'two servers',
      { volumes: { images: IMAGES } },
      2,
      [
        'glusterfs.servers: warning: two servers have no quorum: if they lose contact, both copies of a file can be written (split brain)',
      ],
    ],
    [
      'one server',
      { volumes: { images: IMAGES } },
      1,
      ['glusterfs.servers: warning: one server: volumes have a single copy, lost with storage1'],
    ],
    [
      'no server',
      { volumes: { images: IMAGES } },
      0,
      ['glusterfs.servers: error: no host has the role storage'],
    ],
    [
      'four servers',
      { volumes: { images: IMAGES } },
      4,
      [
        'glusterfs.servers: error: 4 servers, each with a copy of every volume: more than 3 copies only slow down writes',
      ],
    ],
    [
      'nothing for three of four servers',
      { servers: ['storage1', 'storage2', 'storage4'], volumes: { images: IMAGES } },
      4,
      [],
    ],
    [
      'an unknown client',
      { volumes: { images: { ...IMAGES, on: ['control', 'controler1'] } } },
      3,
      ['glusterfs.volumes.images.on.1: error: "controler1" is neither a host nor a role'],
    ],
    [
      'a mount point used twice',
      two({ mount: IMAGES.mount }),
      3,
      ['glusterfs.volumes.more.mount: error: the volume images is already mounted at /var/lib/glance/images'],
    ],
    ['nothing for one mount point on different hosts', two({ mount: IMAGES.mount, on: ['storage'] }), 3, []],
    [
      'a brick inside another one',
      two({ path: '/srv/gluster/images/more' }),
      3,
      ['glusterfs.volumes.more.path: error: /srv/gluster/images/more overlaps the brick of images'],
    ],
    [
      'a brick inside a mount point',
      two({ path: '/var/lib/glance/images/more' }),
      3,
      ['glusterfs.volumes.more.path: error: /var/lib/glance/images/more overlaps the mount point of images'],
    ],
  ])('%s', (_name, settings, storage, expected) => {
    expect(problemsIn(settings, storage)).toEqual(expected);
  });
});

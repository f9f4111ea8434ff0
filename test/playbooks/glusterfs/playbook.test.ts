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

/** Two controllers, and so many hosts for storage. */
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

function told(settings: unknown, storage = 3): readonly string[] {
  const inventory = inventoryWith(settings, storage);
  const problems: readonly InventoryProblem[] =
    glusterfs.validate?.(inventory, inventory.settings['glusterfs']) ?? [];
  return problems.map(({ severity, path, message }) => `${path.join('.')}: ${severity}: ${message}`);
}

describe('where GlusterFS runs', () => {
  it('is nowhere without volumes', () => {
    expect(contextFor({}).hosts).toEqual([]);
    expect(glusterfs.hosts(anInventory())).toEqual([]);
  });

  it('is on its servers and its clients, in the order of the inventory', () => {
    const { hosts } = contextFor({ volumes: { images: { ...IMAGES, on: ['controller2'] } } });
    expect(hosts.map(({ name }) => name)).toEqual(['controller2', 'storage1', 'storage2', 'storage3']);
  });

  it('has the server only on servers, and mounts only on clients', () => {
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

  it('is asked about everywhere where nobody is named rightly, so that the mistake is told', () => {
    expect(contextFor({ servers: ['x'], volumes: { images: { ...IMAGES, on: ['y'] } } }).hosts).not.toEqual(
      [],
    );
  });
});

describe('a mount', () => {
  it('asks every server where the copies are, a server itself first', () => {
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

  it('let only its hosts in, and want a majority of three', () => {
    expect(optionsOf({ volumes: { images: { ...IMAGES, on: ['controller1'] } } }, 3)).toEqual({
      'auth.allow': '192.0.2.11,192.0.2.31,192.0.2.32,192.0.2.33',
      'network.ping-timeout': '10',
      'cluster.quorum-type': 'auto',
    });
  });

  it('have no quorum of two, and what the inventory says on top', () => {
    const options = { 'features.shard': true, 'network.ping-timeout': 5 };
    expect(optionsOf({ volumes: { images: { ...IMAGES, options } } }, 2)).toEqual({
      'auth.allow': '192.0.2.11,192.0.2.12,192.0.2.31,192.0.2.32',
      'network.ping-timeout': '5',
      'features.shard': 'true',
    });
  });
});

describe('mistakes', () => {
  const two = (more: object): unknown => ({
    volumes: {
      images: IMAGES,
      more: { path: '/srv/gluster/more', mount: '/more', on: ['control'], ...more },
    },
  });

  it.each([
    ['none', { volumes: { images: IMAGES } }, 3, []],
    ['none without volumes, also without a server', {}, 0, []],
    [
      'two servers',
      { volumes: { images: IMAGES } },
      2,
      [
        'glusterfs.servers: warning: two servers have no quorum: where they lose contact, a file can be written on both (split brain)',
      ],
    ],
    [
      'one server',
      { volumes: { images: IMAGES } },
      1,
      ['glusterfs.servers: warning: one server: volumes have one copy, and are gone with storage1'],
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
        'glusterfs.servers: error: 4 servers: every one keeps a copy of each volume, and more than 3 only slow writing down',
      ],
    ],
    [
      'three of four servers',
      { servers: ['storage1', 'storage2', 'storage4'], volumes: { images: IMAGES } },
      4,
      [],
    ],
    [
      'a client that is not there',
      { volumes: { images: { ...IMAGES, on: ['control', 'controler1'] } } },
      3,
      ['glusterfs.volumes.images.on.1: error: "controler1" is neither a host nor a role'],
    ],
    [
      'a mount point used twice',
      two({ mount: IMAGES.mount }),
      3,
      [
        'glusterfs.volumes.more.mount: error: /var/lib/glance/images is where the volume images is mounted already',
      ],
    ],
    ['one mount point on different hosts', two({ mount: IMAGES.mount, on: ['storage'] }), 3, []],
    [
      'a brick in another one',
      two({ path: '/srv/gluster/images/more' }),
      3,
      [
        'glusterfs.volumes.more.path: error: /srv/gluster/images/more and the brick of images are one in the other',
      ],
    ],
    [
      'a brick in a mount point',
      two({ path: '/var/lib/glance/images/more' }),
      3,
      [
        'glusterfs.volumes.more.path: error: /var/lib/glance/images/more and the mount point of images are one in the other',
      ],
    ],
  ])('%s', (_name, settings, storage, expected) => {
    expect(told(settings, storage)).toEqual(expected);
  });
});

import { describe, expect, it } from 'vitest';
import glusterfs from '../../../playbooks/glusterfs/playbook.ts';
import nfs from '../../../playbooks/nfs/playbook.ts';
import type { Inventory } from '../../../src/inventory/types.ts';
import { anInventory } from '../../support/inventory.ts';
import { contextOf, placedFile, titlesOn } from '../context.ts';

const IMAGES = {
  server: 'controller1',
  path: '/srv/images',
  mount: '/var/lib/glance/images',
  on: ['control'],
  owner: 64062,
};
const UNIT = '/etc/systemd/system/var-lib-glance-images.mount';
const EXPORTS = '/etc/exports.d/osha.exports';

function inventoryWith(settings: unknown, volumes: unknown = {}): Inventory {
  return anInventory({
    settings: { nfs: nfs.settings.parse(settings), glusterfs: glusterfs.settings.parse({ volumes }) },
  });
}

function contextFor(settings: unknown) {
  return contextOf(nfs, { inventory: inventoryWith(settings), settings });
}

const context = contextFor({ shares: { images: IMAGES } });

describe('the NFS playbook', () => {
  it('has no hosts without shares', () => {
    expect(contextFor({}).hosts).toEqual([]);
    expect(nfs.hosts(anInventory())).toEqual([]);
  });

  it('installs the server on one host and the client on all', () => {
    expect(titlesOn(nfs, context, 'controller1')).toContain('nfs-kernel-server, nfs-common');
    expect(titlesOn(nfs, context, 'controller2')).toContain('nfs-common');
    expect(titlesOn(nfs, context, 'controller2')).not.toContain('nfs-server');
  });

  it('covers every host when the shares name no valid one, so that validation runs', () => {
    expect(contextFor({ shares: { images: { ...IMAGES, server: 'x', on: ['y'] } } }).hosts).not.toEqual([]);
  });
});

describe('a share', () => {
  it('is exported only to the addresses of its clients', () => {
    expect(placedFile(nfs, context, 'controller1', EXPORTS)).toBe(
      `# Placed by osha.
/srv/images 192.0.2.12(rw,sync,no_subtree_check) 192.0.2.13(rw,sync,no_subtree_check)
`,
    );
    expect(placedFile(nfs, context, 'controller2', EXPORTS)).toBeUndefined();
  });

  it('has the owner of the inventory on its server', () => {
    expect(titlesOn(nfs, context, 'controller1')).toContain('/srv/images belongs to 64062:64062');
    expect(titlesOn(nfs, context, 'controller2')).not.toContain('/srv/images belongs to 64062:64062');
  });

  it('is mounted over the network by its clients', () => {
    const unit = placedFile(nfs, context, 'controller3', UNIT);
    expect(unit).toContain('What=controller1:/srv/images\n');
    expect(unit).toContain('Type=nfs\n');
    expect(unit).toContain('Options=_netdev,hard,timeo=100,retrans=3\n');
  });

  it('is bind-mounted on its own server', () => {
    const unit = placedFile(nfs, context, 'controller1', UNIT);
    expect(unit).toContain('What=/srv/images\n');
    expect(unit).toContain('Type=none\nOptions=bind\n');
  });

  it('is not mounted on its server when its path is the mount point', () => {
    const same = contextFor({ shares: { images: { ...IMAGES, path: IMAGES.mount } } });
    expect(placedFile(nfs, same, 'controller1', UNIT)).toBeUndefined();
    expect(placedFile(nfs, same, 'controller2', UNIT)).toContain('What=controller1:/var/lib/glance/images\n');
  });
});

describe('NFS validation reports', () => {
  const SPOF =
    'nfs.shares.images.server: warning: images is only on controller1: when that host is down, every client of the share hangs';
  const volumes = { pool: { path: '/srv/pool', mount: '/var/lib/pool', on: ['controller2'] } };

  it.each([
    ['only the missing redundancy of a valid share', IMAGES, [SPOF]],
    [
      'an unknown server',
      { ...IMAGES, server: 'controler1' },
      ['nfs.shares.images.server: error: "controler1" is neither a host nor a role'],
    ],
    [
      'a role as the server',
      { ...IMAGES, server: 'control' },
      ['nfs.shares.images.server: error: "control" is a role; a share has one host as its server'],
    ],
    [
      'a role without hosts as the client',
      { ...IMAGES, on: ['compute'] },
      [SPOF, 'nfs.shares.images.on.0: error: no host has the role compute'],
    ],
    [
      'a directory in a GlusterFS volume',
      { ...IMAGES, path: '/var/lib/pool/images' },
      [
        SPOF,
        'nfs.shares.images.path: error: /var/lib/pool/images is in the GlusterFS volume pool, which cannot be exported over NFS',
      ],
    ],
    [
      'the mount point of a GlusterFS volume',
      { ...IMAGES, mount: '/var/lib/pool' },
      [SPOF, 'nfs.shares.images.mount: error: the GlusterFS volume pool is already mounted at /var/lib/pool'],
    ],
    [
      'no conflict for the same mount point on different hosts',
      { ...IMAGES, mount: '/var/lib/pool', on: ['controller3'] },
      [SPOF],
    ],
  ])('%s', (_name, images, expected) => {
    const inventory = inventoryWith({ shares: { images } }, volumes);
    const problems = nfs.validate?.(inventory, inventory.settings['nfs']) ?? [];
    expect(
      problems.map(({ severity, path, message }) => `${path.join('.')}: ${severity}: ${message}`),
    ).toEqual(expected);
  });
});

import { choiceFault, type Inventory, type InventoryProblem } from 'osha';
import { faultyWord, isUnder, mountConflicts, type MountPoint } from '../glusterfs/validate.ts';
import { settingsOf as glusterSettingsOf } from '../glusterfs/settings.ts';
import { clientsOf as glusterClientsOf } from '../glusterfs/storage.ts';
import type { NfsSettings, ShareSettings } from './settings.ts';
import { clientsOf } from './shares.ts';

/** Mistakes in the shares: unknown hosts, shares inside a GlusterFS volume, mount points used twice. */
export function nfsProblems(inventory: Inventory, settings: NfsSettings): readonly InventoryProblem[] {
  const shares = Object.entries(settings.shares);
  return [
    ...shares.flatMap(([name, share]) => [
      ...serverProblems(inventory, name, share),
      ...share.on.flatMap((word, index) => faultyWord(word, inventory, ['nfs', 'shares', name, 'on', index])),
      ...underGluster(inventory, name, share),
    ]),
    ...conflicts(inventory, settings),
  ];
}

function serverProblems(
  inventory: Inventory,
  name: string,
  share: ShareSettings,
): readonly InventoryProblem[] {
  const path = ['nfs', 'shares', name, 'server'];
  const { server } = share;
  if (!inventory.hosts.some((host) => host.name === server)) {
    const fault = choiceFault(server, inventory.hosts) ?? {
      message: `"${server}" is a role; a share has one host as its server`,
      hint: 'write the name of one host',
    };
    return [{ severity: 'error', path, ...fault }];
  }
  return [
    {
      severity: 'warning',
      path,
      message: `${name} is only on ${server}: when that host is down, every client of the share hangs`,
      hint: 'for a share that survives the loss of a host, use glusterfs with three servers',
    },
  ];
}

/** The kernel cannot export GlusterFS: a FUSE file system has no stable device number. */
function underGluster(inventory: Inventory, name: string, share: ShareSettings): readonly InventoryProblem[] {
  const volume = Object.entries(glusterSettingsOf(inventory).volumes).find(
    ([, { path, mount }]) => isUnder(share.path, mount) || isUnder(share.path, path),
  );
  if (!volume) return [];
  return [
    {
      severity: 'error',
      path: ['nfs', 'shares', name, 'path'],
      message: `${share.path} is in the GlusterFS volume ${volume[0]}, which cannot be exported over NFS`,
      hint: 'mount that volume on the clients, or share another directory',
    },
  ];
}

function conflicts(inventory: Inventory, settings: NfsSettings): readonly InventoryProblem[] {
  const volumes = Object.entries(glusterSettingsOf(inventory).volumes).map(([name, volume]): MountPoint => ({
    path: ['glusterfs', 'volumes', name, 'mount'],
    what: `the GlusterFS volume ${name}`,
    mount: volume.mount,
    hosts: glusterClientsOf(inventory, volume),
  }));
  const shares = Object.entries(settings.shares).map(([name, share]): MountPoint => ({
    path: ['nfs', 'shares', name, 'mount'],
    what: `the share ${name}`,
    mount: share.mount,
    hosts: clientsOf(inventory, share),
  }));
  // Conflicts between volumes are reported by the glusterfs playbook.
  return mountConflicts([...volumes, ...shares]).filter(({ path }) => path[0] === 'nfs');
}

import {
  type Host,
  type Inventory,
  minutes,
  mount,
  packages,
  type Platform,
  playbook,
  service,
  step,
  verify,
} from 'osha';
import { poolFormed } from './cluster/decide-pool.ts';
import { volumeReplicated } from './cluster/decide-volume.ts';
import { glusterfsProblems } from './validate.ts';
import { settings, type GlusterfsSettings } from './settings.ts';
import { clientsOf, hostsOf, mountedOn, mountOf, serversOf, volumesOf } from './storage.ts';
import { healthy } from './health.ts';
import { life } from './life.ts';

function mountsOf(inventory: Inventory, settings: GlusterfsSettings, platform: Platform) {
  const servers = serversOf(inventory, settings);
  return (host: Host): readonly mount.Mount[] =>
    mountedOn(inventory, settings, host).map(([name, volume]) =>
      mountOf(name, volume, servers, host, platform),
    );
}

/**
 * A replicated file system with a complete copy on each of up to three servers; it survives the loss of one. Bricks may be
 * directories of the root file system, but Gluster recommends separate disks, which a full volume cannot spill over.
 */
export default playbook({
  name: 'glusterfs',
  title: 'GlusterFS',
  hosts: hostsOf,
  needs: ['base'],
  settings,
  ports: [{ port: 24007, process: 'glusterd' }],

  steps: ({ inventory, hosts, settings, platform }) => {
    const servers = serversOf(inventory, settings);
    const volumes = volumesOf(inventory, settings);
    const mounts = mountsOf(inventory, settings, platform);
    const { glusterServer, glusterClient } = platform.packages;
    return [
      step('Install GlusterFS', (host) =>
        packages.installed(servers.includes(host) ? [...glusterServer, ...glusterClient] : glusterClient),
      ),
      step('Run glusterd', service.running(platform.units.glusterd), { hosts: servers, recovers: true }),
      step('Form the pool', poolFormed(servers, { platform, volumes }), { hosts: servers, recovers: true }),
      ...volumes.map((volume) =>
        step(
          `Keep a copy of ${volume.name} on each server`,
          volumeReplicated(servers, volume, { platform, volumes }),
          { hosts: servers, recovers: true },
        ),
      ),
      verify('Every copy is online and healed', healthy(servers, { platform, volumes }), {
        within: minutes(10),
      }),
      step(
        'Mount the volumes, at boot too',
        (host) => mounts(host).flatMap((wanted) => mount.mounted(wanted)),
        { hosts: hosts.filter((host) => mounts(host).length > 0), recovers: true },
      ),
      ...Object.entries(settings.volumes).flatMap(([name, volume]) => {
        const { owner, group, mode } = volume;
        if (owner === undefined && group === undefined && mode === undefined) return [];
        const access = {
          owner: String(owner ?? 0),
          group: String(group ?? owner ?? 0),
          mode: Number.parseInt(mode ?? '0755', 8),
        };
        return step(`Set the owner of ${name}`, mount.access(volume.mount, access), {
          hosts: clientsOf(inventory, volume),
          once: true,
        });
      }),
      verify('Every client has it mounted', mount.answering(hosts, mounts, 'glusterfs')),
    ];
  },

  health: ({ inventory, hosts, settings, platform }) => {
    const volumes = volumesOf(inventory, settings);
    return [
      healthy(serversOf(inventory, settings), { platform, volumes }),
      mount.answering(hosts, mountsOf(inventory, settings, platform), 'glusterfs'),
    ];
  },

  life: ({ inventory, settings, platform }) =>
    life(serversOf(inventory, settings), { platform, volumes: volumesOf(inventory, settings) }),

  validate: glusterfsProblems,
});

import { file, mount, packages, playbook, service, step, verify } from 'osha';
import { nfsProblems } from './validate.ts';
import { settings } from './settings.ts';
import { exportsFile, hostsOf, mountsOf, servedBy, serversOf } from './shares.ts';

/**
 * Directories of one host, mounted on others. Simple shared storage that hangs when its server is down. Tests cover the
 * plan, the files and the units, but not running hosts: the kernel of the lab's containers has no NFS.
 */
export default playbook({
  name: 'nfs',
  title: 'NFS',
  hosts: hostsOf,
  needs: ['base'],
  settings,
  ports: [],

  steps: ({ inventory, hosts, settings, platform }) => {
    const servers = serversOf(inventory, settings);
    const mounts = mountsOf(inventory, settings);
    const clients = hosts.filter((host) => mounts(host).length > 0);
    const { nfsServer, nfsClient } = platform.packages;
    const exports = `${platform.paths.exports}/osha.exports`;
    return [
      step('Install NFS', (host) =>
        packages.installed(servers.includes(host) ? [...nfsServer, ...nfsClient] : nfsClient),
      ),
      step(
        'Export the shares',
        (host) => [
          // The owner is numeric, so that it applies on clients too.
          ...servedBy(settings, host).map(({ path, owner, group, mode }) =>
            mount.access(path, {
              owner: String(owner),
              group: String(group ?? owner),
              mode: Number.parseInt(mode, 8),
              create: true,
            }),
          ),
          file.content(exports, { content: exportsFile(inventory, settings, host) }),
          // A reload runs "exportfs -r"; clients keep their mounts.
          service.running(platform.units.nfsServer, { newerThan: [exports], reload: true }),
        ],
        { hosts: servers },
      ),
      step(
        'Mount the shares, at boot too',
        (host) => mounts(host).flatMap((wanted) => mount.mounted(wanted)),
        { hosts: clients, recovers: true },
      ),
      verify('Every client has them mounted', mount.answering(clients, mounts, 'nfs')),
    ];
  },

  health: ({ inventory, hosts, settings }) => {
    const mounts = mountsOf(inventory, settings);
    return [
      mount.answering(
        hosts.filter((host) => mounts(host).length > 0),
        mounts,
        'nfs',
      ),
    ];
  },

  validate: nfsProblems,
});

import { file, mount, packages, playbook, service, step, verify } from 'osha';
import { nfsProblems } from './validate.ts';
import { settings } from './settings.ts';
import { exportsFile, hostsOf, mountsOf, servedBy, serversOf } from './shares.ts';

/**
 * A directory of one host, mounted on others: the small way to share, which stands still with its server. Not run on
 * hosts by this repository's tests, because the kernel of their containers has no NFS: what is proven is the plan, the
 * files, and the units.
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
          // Owner and mode hold for the clients too, which compare numbers.
          ...servedBy(settings, host).map(({ path, owner, group, mode }) =>
            mount.access(path, {
              owner: String(owner),
              group: String(group ?? owner),
              mode: Number.parseInt(mode, 8),
              create: true,
            }),
          ),
          file.content(exports, { content: exportsFile(inventory, settings, host) }),
          // A reload is "exportfs -r": clients keep what they have mounted.
          service.running(platform.units.nfsServer, { newerThan: [exports], reload: true }),
        ],
        { hosts: servers },
      ),
      step(
        'Mount the shares, at boot too',
        (host) => mounts(host).flatMap((wanted) => mount.mounted(wanted)),
        {
          hosts: clients,
        },
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

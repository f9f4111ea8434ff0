import { etcd, file, packages, playbook, role, service, step, verify } from 'osha';
import { etcdEnv } from './etcd/env.ts';
import { etcdProblems } from './etcd/rules.ts';
import { settings } from './etcd/settings.ts';

/** Keys and locks that outlive a host, for services that coordinate themselves. Clients are given the list of all members. */
export default playbook({
  name: 'etcd',
  title: 'etcd',
  hosts: role('coordination'),
  needs: ['base'],
  settings,
  ports: [
    { port: etcd.CLIENT_PORT, process: 'etcd' },
    { port: etcd.PEER_PORT, process: 'etcd' },
  ],

  steps: ({ inventory, hosts, settings, platform }) => [
    step('Recognise the cluster', etcd.recognised(hosts, { platform })),
    step('Install etcd', packages.installed(platform.packages.etcd)),
    step('Configure the member', (host) => [
      file.content(platform.paths.etcdEnv, {
        content: etcdEnv({ host, settings, platform }),
      }),
      file.content(etcd.dropInPathOf(platform), { content: etcd.dropInOf(platform) }),
    ]),
    step('Start etcd at boot', service.enabled(platform.units.etcd)),
    step('Form the cluster', etcd.members(hosts, { platform, deployment: inventory.name })),
    verify('Every member is healthy', etcd.healthy(hosts, { platform })),
  ],

  health: ({ hosts, platform }) => [etcd.healthy(hosts, { platform })],

  validate: etcdProblems,
});

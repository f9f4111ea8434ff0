import { file, packages, playbook, role, service, step, verify } from 'osha';
import * as etcd from './cluster/cluster.ts';
import { etcdEnv } from './files/env.ts';
import { etcdProblems } from './validate.ts';
import { settings } from './settings.ts';
import { healthy } from './health.ts';
import { life } from './life.ts';
import { CLIENT_PORT, PEER_PORT, dropInOf, dropInPathOf } from './layout.ts';

/**
 * Keys and locks that survive the loss of a host, for services that need coordination. Clients get the list of all
 * members.
 */
export default playbook({
  name: 'etcd',
  title: 'etcd',
  hosts: role('coordination'),
  needs: ['base'],
  settings,
  ports: [
    { port: CLIENT_PORT, process: 'etcd' },
    { port: PEER_PORT, process: 'etcd' },
  ],

  steps: ({ inventory, hosts, settings, platform }) => [
    step('Recognise the cluster', etcd.recognised(hosts, { platform }), { recovers: true }),
    step('Install etcd', packages.installed(platform.packages.etcd)),
    step('Configure the member', (host) => [
      file.content(platform.paths.etcdEnv, {
        content: etcdEnv({ host, settings, platform }),
      }),
      file.content(dropInPathOf(platform), { content: dropInOf(platform) }),
    ]),
    step('Start etcd at boot', service.enabled(platform.units.etcd)),
    step('Form the cluster', etcd.members(hosts, { platform, deployment: inventory.name }), {
      recovers: true,
    }),
    verify('Every member is healthy', healthy(hosts, { platform })),
  ],

  health: ({ hosts, platform }) => [healthy(hosts, { platform })],

  life: ({ hosts, platform }) => life(hosts, { platform }),

  validate: etcdProblems,
});

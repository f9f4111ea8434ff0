import { carried, file, hostsWith, type InventoryProblem, mysql, packages, playbook, step } from 'osha';
import { settingsOf as haproxySettings } from '../haproxy/settings.ts';
import { authoritySecret } from '../haproxy/tls.ts';
import { vipsOf } from '../haproxy/vips.ts';
import { declareCloud, adminOpenrc, CLOUDS, cloudsYaml, loginOnHosts, OPENRC } from './cloud.ts';
import { HOLDS_VIPS, authorityFile, trustingHosts } from './endpoints.ts';
import { accessSecrets, ADMIN, BROKER } from './secrets.ts';
import { SERVICES } from './services.ts';
import { apisOf, NEEDS, servicesOf, settings } from './settings.ts';
import { siteOf } from './site.ts';

/** What all OpenStack services need: databases, and the administrator's credentials. */
export default playbook({
  name: 'openstack',
  title: 'OpenStack: databases and credentials',
  hosts: (inventory) => {
    if (servicesOf(inventory).length === 0) return [];
    const trusting = trustingHosts(inventory);
    return inventory.hosts.filter(
      (host) => host.roles.includes('database') || host.roles.includes('control') || trusting.includes(host),
    );
  },
  needs: ['base', 'galera', 'rabbitmq', 'memcached', ...HOLDS_VIPS],
  settings,
  secrets: { ...ADMIN, ...BROKER },
  moreSecrets: (settings, inventory) => ({
    ...accessSecrets(inventory, { databases: apisOf(settings), accounts: apisOf(settings) }),
    ...authoritySecret(haproxySettings(inventory)),
  }),
  carries: ({ inventory }) => [
    carried.inLine('openstackAdmin', hostsWith(inventory, 'control'), OPENRC, {
      line: 'export OS_PASSWORD=',
    }),
  ],

  steps: (context) => {
    const { inventory, settings, secrets, platform } = context;
    const site = siteOf(context);
    const control = { hosts: site.control };
    const login = loginOnHosts(site);
    const authority = authorityFile(context);
    return [
      ...(authority
        ? [
            step('Trust the CA of this deployment', authority, {
              hosts: trustingHosts(inventory),
            }),
          ]
        : []),
      step(
        'Create the databases and their accounts',
        apisOf(settings).flatMap((service) => {
          const { name, databases } = SERVICES[service];
          return [
            ...databases.map((database) => mysql.database(database)),
            mysql.user(name, { password: site.databasePassword(service), databases }),
          ];
        }),
        { hosts: hostsWith(inventory, 'database') },
      ),
      step('Install the command-line client', packages.installed(platform.packages.openstackClient), control),
      step(
        "Keep the administrator's credentials",
        [
          file.content(OPENRC, { content: adminOpenrc(login, secrets.openstackAdmin), mode: 0o600 }),
          file.content(CLOUDS, {
            content: cloudsYaml(login, inventory.name, secrets.openstackAdmin),
            mode: 0o600,
          }),
        ],
        control,
      ),
    ];
  },

  cloud: declareCloud,

  validate: (inventory): readonly InventoryProblem[] => {
    const asked = servicesOf(inventory);
    const path = ['openstack', 'services'];
    const lacking = asked.flatMap((service) =>
      NEEDS[service]
        .filter((need) => !asked.includes(need))
        .map((need) => ({ message: `${service} needs ${need}`, hint: `add ${need}` })),
    );
    const roles = (['control', 'database', 'messaging', 'cache'] as const)
      .filter((role) => hostsWith(inventory, role).length === 0)
      .map((role) => ({
        message: `OpenStack needs a host with the role ${role}`,
        hint: 'give a host that role',
      }));
    const vips =
      vipsOf(inventory).length > 0
        ? []
        : [
            {
              message: 'OpenStack needs a virtual IP for its APIs',
              hint: 'declare one: vips: { api: { address: 10.0.0.20/24, interface: eth0 } }',
            },
          ];
    return [...lacking, ...roles, ...vips].map((problem) => ({ severity: 'error', path, ...problem }));
  },
});

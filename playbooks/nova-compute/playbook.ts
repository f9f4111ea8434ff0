import { z } from 'zod';
import { file, hostsWith, minutes, packages, playbook, service, step, verify } from 'osha';
import * as neutron from '../neutron/files/conf.ts';
import { CONF, novaConf } from '../nova/files/conf.ts';
import { HOLDS_VIPS } from '../openstack/endpoints.ts';
import { agentsReport } from '../openstack/health.ts';
import { computeHosts } from '../openstack/hosts.ts';
import { INSTANCES, needsMounts } from '../openstack/mounts.ts';
import { rootwrap } from '../openstack/rootwrap.ts';
import { SERVICES } from '../openstack/services.ts';
import { adminSession, siteOf } from '../openstack/site.ts';
import { runUnits } from '../openstack/steps.ts';
import { life } from './life.ts';
import { hypervisor } from './hypervisor.ts';
import { computesMapped, computesRegistered } from './mapped-computes.ts';
import { accessSecrets, accountCarried, ADMIN, BROKER, METADATA } from '../openstack/secrets.ts';

/** Read after nova.conf, and overrides it. */
const COMPUTE_CONF = '/etc/nova/nova-compute.conf';

const settings = z.strictObject({
  virtualization: z
    .enum(['detect', 'kvm', 'qemu'])
    .default('detect')
    .describe(
      'How servers run: with hardware support (kvm), or emulated in software (qemu), which is slow. The default, detect, uses kvm if a test VM starts with it.',
    ),
});

/** The hosts that servers run on. */
export default playbook({
  name: 'nova-compute',
  formerly: 'compute',
  title: 'Compute hosts',
  hosts: computeHosts,
  needs: ['nova', 'neutron-agents', ...HOLDS_VIPS],
  wave: 'openstack',
  settings,
  secrets: { ...ADMIN, ...BROKER, ...METADATA },
  moreSecrets: (_settings, inventory) =>
    accessSecrets(inventory, {
      databases: ['compute', 'network'],
      accounts: ['compute', 'placement', 'network'],
    }),
  carries: ({ hosts }) => [accountCarried('compute', hosts, CONF, 'service_user')],

  steps: (context) => {
    const { inventory, hosts, settings, secrets, takeovers, platform } = context;
    const { units, packages: names } = platform;
    const site = siteOf(context);
    const control = hostsWith(inventory, 'control');
    const login = {
      server: site.databaseServer,
      user: SERVICES.compute.name,
      password: site.databasePassword('compute'),
    };
    const asRoot = { nova: rootwrap(platform, 'nova'), neutron: rootwrap(platform, 'neutron') };
    const ofNova = { group: SERVICES.compute.name, mode: 0o640 };
    const ofNeutron = { group: SERVICES.network.name, mode: 0o640 };
    return [
      step('Install the hypervisor and its agents', packages.installed(names.compute)),
      step('Configure Nova for servers', (host) => [
        file.content(CONF, {
          content: novaConf({ host, inventory, site, metadataSecret: secrets.metadataProxy }),
          ...ofNova,
        }),
        hypervisor(COMPUTE_CONF, { virtualization: settings.virtualization, ...ofNova }),
        ...asRoot.nova.operations,
        ...needsMounts(units.compute, INSTANCES, host, context),
      ]),
      step('Configure networking on compute hosts', (host) => [
        file.content(neutron.CONF, { content: neutron.neutronConf(site, inventory, host), ...ofNeutron }),
        file.content(neutron.ML2, { content: neutron.ml2Conf(inventory), ...ofNeutron }),
        file.content(neutron.BRIDGE, { content: neutron.bridgeConf(inventory, host), ...ofNeutron }),
        ...asRoot.neutron.operations,
      ]),
      step('Run libvirt', service.running(units.libvirt), { recovers: true }),
      ...runUnits('the bridge agent', {
        units: [units.neutron.bridge],
        files: [neutron.CONF, neutron.ML2, neutron.BRIDGE, ...asRoot.neutron.paths],
        takeovers,
      }),
      ...runUnits('the compute service', {
        units: [units.compute],
        files: [CONF, COMPUTE_CONF, ...asRoot.nova.paths],
        takeovers,
      }),
      verify('Every compute host reports to Nova', agentsReport(context, 'compute', hosts), {
        within: minutes(3),
      }),
      verify('Their agents report to Neutron', agentsReport(context, 'network', hosts), {
        within: minutes(3),
      }),
      verify(
        'Every compute host has reported its resources',
        computesRegistered(login, { computes: hosts, from: control }),
        { within: minutes(3) },
      ),
      step('Map the compute hosts to their cell', computesMapped({ ...login, runAs: login.user }), {
        hosts: control,
      }),
    ];
  },

  life: (context) =>
    life(context.hosts, hostsWith(context.inventory, 'control'), adminSession(siteOf(context))),
});

import { z } from 'zod';
import { file, hostsWith, minutes, packages, playbook, step, verify } from 'osha';
import * as conf from '../neutron/files/conf.ts';
import { PHYSICAL_NETWORK, settingsOf as neutronSettings } from '../neutron/settings.ts';
import { HOLDS_VIPS } from '../openstack/endpoints.ts';
import { agentsReport } from '../openstack/health.ts';
import { networkHosts } from '../openstack/hosts.ts';
import { rootwrap } from '../openstack/rootwrap.ts';
import { SERVICES } from '../openstack/services.ts';
import { adminSession, siteOf } from '../openstack/site.ts';
import { runUnits } from '../openstack/steps.ts';
import { life } from './life.ts';
import { externalNetwork } from './external-network.ts';
import { accessSecrets, ADMIN, BROKER, METADATA, metadataCarried } from '../openstack/secrets.ts';

const { name } = SERVICES.network;

/** The first and the last address of `203.0.113.100-203.0.113.199`. */
function rangeOf(floating: string): { readonly first: string; readonly last: string } {
  const [first = '', last = ''] = floating.split('-');
  return { first, last };
}

/** The hosts that provide DHCP, routers and external connectivity. */
export default playbook({
  name: 'neutron-agents',
  formerly: 'network',
  title: 'Network hosts',
  hosts: networkHosts,
  needs: ['neutron', ...HOLDS_VIPS],
  wave: 'openstack',
  settings: z.strictObject({}),
  secrets: { ...ADMIN, ...BROKER, ...METADATA },
  moreSecrets: (_settings, inventory) =>
    accessSecrets(inventory, { databases: ['network'], accounts: ['network', 'compute', 'placement'] }),
  carries: ({ hosts }) => [metadataCarried(hosts, conf.METADATA, 'DEFAULT')],

  steps: (context) => {
    const { inventory, hosts, secrets, takeovers, platform } = context;
    const { neutron } = platform.units;
    const site = siteOf(context);
    const own = { group: name, mode: 0o640 };
    const { external } = neutronSettings(inventory);
    const asRoot = rootwrap(platform, 'neutron');
    return [
      step('Install the agents', packages.installed(platform.packages.neutronAgents)),
      step('Configure the agents', (host) => [
        file.content(conf.CONF, { content: conf.neutronConf(site, inventory, host), ...own }),
        file.content(conf.ML2, { content: conf.ml2Conf(inventory), ...own }),
        file.content(conf.BRIDGE, { content: conf.bridgeConf(inventory, host), ...own }),
        file.content(conf.DHCP, { content: conf.dhcpConf(), ...own }),
        file.content(conf.L3, { content: conf.l3Conf(), ...own }),
        file.content(conf.METADATA, {
          content: conf.metadataConf(site, { inventory, platform, secret: secrets.metadataProxy }),
          ...own,
        }),
        ...asRoot.operations,
      ]),
      ...runUnits('the agents', {
        units: [neutron.bridge, neutron.dhcp, neutron.l3, neutron.metadata],
        files: [conf.CONF, conf.ML2, conf.BRIDGE, conf.DHCP, conf.L3, conf.METADATA, ...asRoot.paths],
        takeovers,
      }),
      verify('Every agent reports to Neutron', agentsReport(context, 'network', hosts), {
        within: minutes(3),
      }),
      ...(external
        ? [
            step(
              'Create the external network',
              externalNetwork(adminSession(site), {
                name: PHYSICAL_NETWORK,
                physicalNetwork: PHYSICAL_NETWORK,
                cidr: external.subnet,
                gateway: external.gateway,
                pool: rangeOf(external.floating),
              }),
              { hosts: hostsWith(inventory, 'control') },
            ),
          ]
        : []),
    ];
  },

  life: (context) =>
    life(context.hosts, hostsWith(context.inventory, 'control'), adminSession(siteOf(context))),
});

import { z } from 'zod';
import { settingsReader } from 'osha';

const ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$/;

const external = z.strictObject({
  interface: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/, 'the name of a network interface, such as eth1')
    .describe(
      'Interface of the network hosts in the external network. Its addresses move to a bridge: do not use one of them as the address of a host.',
    ),
  subnet: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'a network such as 203.0.113.0/24')
    .describe('Its network, with the prefix length.'),
  gateway: z.string().regex(ADDRESS, 'an IPv4 address').describe('The router of that network.'),
  floating: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}-\d{1,3}(\.\d{1,3}){3}$/, 'a range such as 203.0.113.100-203.0.113.199')
    .describe('Range of addresses for routers and servers.'),
});

export const settings = z.strictObject({
  external: external
    .optional()
    .describe('External network, in which servers get floating addresses. Without it they have none.'),
  dhcp_agents: z
    .int()
    .min(1)
    .default(2)
    .describe('DHCP agents for each network, at most one per network host.'),
  router_agents: z
    .int()
    .min(2)
    .default(2)
    .describe('Network hosts for each router, one active and the others on standby (VRRP).'),
});

export type NeutronSettings = z.output<typeof settings>;
export type ExternalNetwork = z.output<typeof external>;

/** Neutron's name for the physical network of the external network. */
export const PHYSICAL_NETWORK = 'external';

/** The `neutron` key of an inventory. */
export const settingsOf = settingsReader('neutron', settings);

import { type Change, type Operation, ProbeError } from 'osha';
import {
  API_SCRIPT,
  apiJob,
  apiProbe,
  type ApiRequest,
  type ApiSession,
} from '../openstack/operations/api-session.ts';

/** The external network as Neutron should have it. */
export interface ExternalNetwork {
  /** The name of the network and of its subnet. */
  readonly name: string;
  /** The agents' name for its physical network. */
  readonly physicalNetwork: string;
  readonly cidr: string;
  readonly gateway: string;
  /** The first and last address of the allocation pool. */
  readonly pool: { readonly first: string; readonly last: string };
}

interface Network {
  readonly id: string;
  readonly name: string;
  readonly 'provider:physical_network'?: string | null;
}

interface Subnet {
  readonly id: string;
  readonly network_id: string;
  readonly ip_version: number;
  readonly cidr: string;
  readonly gateway_ip: string | null;
  readonly allocation_pools: readonly { readonly start: string; readonly end: string }[];
}

export interface ExternalNetworkState {
  /** The network on that physical network, under any name; there can be only one. */
  readonly network?: Network;
  readonly subnet?: Subnet;
}

const SERVICE = 'network';

/**
 * Creates the external network in Neutron: a flat network with a subnet for floating addresses. Runs once. An existing
 * network under another name is kept.
 */
export function externalNetwork(
  session: ApiSession,
  wanted: ExternalNetwork,
): Operation<ExternalNetworkState> {
  const { name, physicalNetwork, cidr, gateway, pool } = wanted;
  const change = (summary: string, ...requests: readonly ApiRequest[]): Change => ({
    summary,
    script: API_SCRIPT,
    input: apiJob(session, requests, { together: 0 }),
    touches: ['cluster:networks'],
  });
  const createSubnet = (network: string): ApiRequest => ({
    service: SERVICE,
    method: 'POST',
    path: '/v2.0/subnets',
    body: {
      subnet: {
        name,
        network_id: network,
        ip_version: 4,
        cidr,
        gateway_ip: gateway,
        enable_dhcp: false,
        allocation_pools: [{ start: pool.first, end: pool.last }],
      },
    },
  });
  return {
    scope: 'host',
    runsOnce: true,
    title: `network ${name}`,
    probe: apiProbe(
      session,
      ['networks?router:external=true', 'subnets'].map((path) => ({
        service: SERVICE,
        path: `/v2.0/${path}`,
      })),
      ['cluster:networks', 'cluster:identity'],
      ({ login, answers }) => {
        const bad = [login, ...answers].find(({ status }) => status < 200 || status > 299);
        if (bad || answers.length < 2) {
          const { status = 0, error, body } = bad ?? {};
          throw new ProbeError(
            `Neutron did not list its networks: ${status} ${error ?? JSON.stringify(body)}`,
          );
        }
        const { networks } = answers[0]?.body as { readonly networks: readonly Network[] };
        const { subnets } = answers[1]?.body as { readonly subnets: readonly Subnet[] };
        const network = networks.find((one) => one['provider:physical_network'] === physicalNetwork);
        const subnet = subnets.find((one) => one.network_id === network?.id && one.ip_version === 4);
        return { ...(network ? { network } : {}), ...(subnet ? { subnet } : {}) };
      },
    ),
    decide: ({ network, subnet }) => {
      if (!network) {
        const create: ApiRequest = {
          service: SERVICE,
          method: 'POST',
          path: '/v2.0/networks',
          body: {
            network: {
              name,
              'router:external': true,
              'provider:network_type': 'flat',
              'provider:physical_network': physicalNetwork,
            },
          },
          save: { network: 'network.id' },
        };
        return [change(`create the network ${name} (${cidr})`, create, createSubnet('{network}'))];
      }
      if (!subnet)
        return [change(`create the subnet ${cidr} of the network ${network.name}`, createSubnet(network.id))];
      if (subnet.cidr !== cidr) {
        throw new ProbeError(
          `the subnet of the network ${network.name} is ${subnet.cidr} in Neutron but ${cidr} in the inventory, and cannot be changed: delete it in Neutron, or set neutron.external.subnet to ${subnet.cidr}`,
        );
      }
      const [only, ...more] = subnet.allocation_pools;
      const same =
        subnet.gateway_ip === gateway &&
        more.length === 0 &&
        only?.start === pool.first &&
        only.end === pool.last;
      if (same) return [];
      const update: ApiRequest = {
        service: SERVICE,
        method: 'PUT',
        path: `/v2.0/subnets/${subnet.id}`,
        body: {
          subnet: { gateway_ip: gateway, allocation_pools: [{ start: pool.first, end: pool.last }] },
        },
      };
      return [change(`update the gateway and allocation pool of the network ${network.name}`, update)];
    },
  };
}

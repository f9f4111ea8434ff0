import { type Change, type Operation, ProbeError } from 'osha';
import {
  API_SCRIPT,
  apiJob,
  apiProbe,
  type ApiRequest,
  type ApiSession,
} from '../openstack/operations/api-session.ts';

/** The network outside, as Neutron is to know it. */
export interface ExternalNetwork {
  /** Its name, and that of its subnet. */
  readonly name: string;
  /** The name by which the agents know its wire. */
  readonly physicalNetwork: string;
  readonly cidr: string;
  readonly gateway: string;
  /** The first and the last address that may be given out. */
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
  /** On that wire, whatever it is called: there can be only one. */
  readonly network?: Network;
  readonly subnet?: Subnet;
}

const SERVICE = 'network';

/**
 * Neutron knows the network outside: a flat one on its wire, with a subnet for floating addresses. To be done once. One
 * that is there under another name is taken as it is.
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
  const makeSubnet = (network: string): ApiRequest => ({
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
            `Neutron did not say its networks: ${status} ${error ?? JSON.stringify(body)}`,
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
        const make: ApiRequest = {
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
        return [change(`make the network ${name} (${cidr})`, make, makeSubnet('{network}'))];
      }
      if (!subnet)
        return [change(`give the network ${network.name} its subnet ${cidr}`, makeSubnet(network.id))];
      if (subnet.cidr !== cidr) {
        throw new ProbeError(
          `the network ${network.name} is ${subnet.cidr} in Neutron and ${cidr} in the inventory, and a subnet cannot be moved: remove it in Neutron, or write the same`,
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
      return [change(`set gateway and addresses of the network ${network.name}`, update)];
    },
  };
}

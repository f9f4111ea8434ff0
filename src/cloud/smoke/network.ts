import { make, type Round } from './round.ts';
import { until } from './until.ts';
import { PREFIX } from './names.ts';

/** Networks of the server's own; the first that is not a part of the network outside. */
const CIDRS = ['10.254.254.0/24', '192.168.254.0/24'];

/** Milliseconds for a router to be ready: its hosts agree on who is active. */
const ROUTER_WITHIN_MS = 60_000;

export interface MadeNetwork {
  readonly network: string;
  readonly router: string;
  /** The network outside; absent where the cloud has none. */
  readonly outside?: string;
  /** What was seen. */
  readonly note: string;
}

/** A network of its own for `outside`: routers refuse two that overlap. */
export function cidrBeside(outside: string | undefined): string {
  const inside = (cidr: string): boolean => {
    const [network = '', length = '0'] = (outside ?? '0.0.0.0/32').split('/');
    const shift = 2 ** (32 - Math.min(24, Number(length)));
    return Math.floor(numberOf(network) / shift) === Math.floor(numberOf(cidr.split('/')[0] ?? '') / shift);
  };
  return CIDRS.find((cidr) => !inside(cidr)) ?? CIDRS[0] ?? '';
}

function numberOf(address: string): number {
  return address.split('.').reduce((number, byte) => number * 256 + Number(byte), 0);
}

interface RouterBody {
  readonly router: {
    readonly status: string;
    readonly ha?: boolean;
    readonly external_gateway_info: {
      readonly external_fixed_ips?: readonly { readonly ip_address: string }[];
    } | null;
  };
}

/** Makes a network, a subnet, and a router from it to the outside. */
export async function makeNetwork(round: Round): Promise<MadeNetwork> {
  const { api, cloud, progress } = round;
  progress('network and subnet');
  const network = await make(round, 'network', 'network', {
    path: '/v2.0/networks',
    key: 'network',
    body: (name) => ({ network: { name } }),
  });
  const subnet = await make(round, 'subnet', 'subnet', {
    path: '/v2.0/subnets',
    key: 'subnet',
    body: (name) => ({
      subnet: { name, network_id: network, ip_version: 4, cidr: cidrBeside(cloud.outside?.subnet) },
    }),
  });
  progress('the network outside');
  const outside = await outsideNetwork(round);
  if (!outside) {
    round.remark(
      'there is no network outside (neutron.external in the inventory): the router has no gateway',
    );
  }
  progress('router');
  const router = await make(round, 'router', 'router', {
    path: '/v2.0/routers',
    key: 'router',
    body: (name) => ({
      router: { name, ...(outside ? { external_gateway_info: { network_id: outside.id } } : {}) },
    }),
  });
  await api.send('network', {
    method: 'PUT',
    path: `/v2.0/routers/${router}/add_router_interface`,
    body: { subnet_id: subnet },
    repeat: 'look',
    look: async () => {
      const { ports } = await api.get<{ readonly ports: readonly object[] }>(
        'network',
        `/v2.0/ports?device_id=${router}&network_id=${network}&fields=id`,
      );
      return ports[0];
    },
  });
  const made = await until(round, {
    what: 'the router is ACTIVE',
    withinMs: ROUTER_WITHIN_MS,
    hint: 'do the L3 agents run? See: osha status INVENTORY',
    look: async (say) => {
      const { router: found } = await api.get<RouterBody>('network', `/v2.0/routers/${router}`);
      if (found.status === 'ACTIVE') return found;
      say(`the router is ${found.status}`);
      return undefined;
    },
  });
  const gateway = made.external_gateway_info?.external_fixed_ips?.[0]?.ip_address;
  return {
    network,
    router,
    ...(outside ? { outside: outside.id } : {}),
    note: outside
      ? `the router has the address ${gateway ?? 'unknown'} outside, in ${outside.name}`
      : 'without a gateway',
  };
}

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly subnets: readonly string[];
}

/** The network outside, in which routers have a gateway. */
interface Outside {
  readonly id: string;
  readonly name: string;
}

/**
 * The cloud's own network outside; where it has none yet, one as the inventory describes it, for this round. Undefined
 * where the inventory describes none either.
 */
async function outsideNetwork(round: Round): Promise<Outside | undefined> {
  const { api, cloud } = round;
  const { networks } = await api.get<{ readonly networks: readonly Listed[] }>(
    'network',
    '/v2.0/networks?router:external=true&fields=id&fields=name&fields=subnets',
  );
  // One of another round may go at any time.
  const found = networks.find(({ name, subnets }) => !name.startsWith(PREFIX) && subnets.length > 0);
  if (found) return found;
  const { outside } = cloud;
  if (!outside) return undefined;
  const id = await make(round, 'network', 'outside', {
    path: '/v2.0/networks',
    key: 'network',
    body: (name) => ({
      network: {
        name,
        'router:external': true,
        'provider:network_type': 'flat',
        'provider:physical_network': outside.physicalNetwork,
      },
    }),
  });
  const [start = '', end = ''] = outside.floating.split('-');
  await make(round, 'subnet', 'outside', {
    path: '/v2.0/subnets',
    key: 'subnet',
    body: (name) => ({
      subnet: {
        name,
        network_id: id,
        ip_version: 4,
        cidr: outside.subnet,
        gateway_ip: outside.gateway,
        enable_dhcp: false,
        allocation_pools: [{ start, end }],
      },
    }),
  });
  return { id, name: 'one made from the inventory' };
}

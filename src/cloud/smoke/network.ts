import { make, type Round, PREFIX, until } from './round.ts';

/** Candidates for the tenant network; the first that does not overlap the external one is used. */
const CIDRS = ['10.254.254.0/24', '192.168.254.0/24'];

/** Milliseconds for a router to become ready: its hosts elect the active one. */
const ROUTER_WITHIN_MS = 60_000;

export interface MadeNetwork {
  readonly network: string;
  readonly router: string;
  /** The external network; absent where the cloud has none. */
  readonly outside?: string;
  /** What was observed. */
  readonly note: string;
}

/** A tenant network that does not overlap the external one `outside`: a router refuses two that overlap. */
export function cidrApartFrom(outside: string | undefined): string {
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

/** Creates a network, a subnet, and a router with a gateway in the external network. */
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
      subnet: { name, network_id: network, ip_version: 4, cidr: cidrApartFrom(cloud.outside?.subnet) },
    }),
  });
  progress('external network');
  const outside = await outsideNetwork(round);
  if (!outside) {
    round.remark(
      'there is no external network (neutron.external in the inventory): the router has no gateway',
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
      ? `the router has the external address ${gateway ?? 'unknown'}, in ${outside.name}`
      : 'no gateway',
  };
}

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly subnets: readonly string[];
}

/** The external network, in which routers have their gateway. */
interface Outside {
  readonly id: string;
  readonly name: string;
}

/**
 * The cloud's external network; where it has none yet, one is created for this round from the inventory. `undefined` where
 * the inventory describes none either.
 */
async function outsideNetwork(round: Round): Promise<Outside | undefined> {
  const { api, cloud } = round;
  const { networks } = await api.get<{ readonly networks: readonly Listed[] }>(
    'network',
    '/v2.0/networks?router:external=true&fields=id&fields=name&fields=subnets',
  );
  // That of another round may be removed at any time.
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
  return { id, name: 'one created from the inventory' };
}

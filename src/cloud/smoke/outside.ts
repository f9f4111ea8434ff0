import { PREFIX } from './names.ts';
import { make, type Round } from './round.ts';

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly subnets: readonly string[];
}

/** The network outside, in which routers have a gateway. */
export interface Outside {
  readonly id: string;
  readonly name: string;
}

/**
 * The cloud's own network outside; where it has none yet, one as the inventory describes it, for this round. Undefined
 * where the inventory describes none either.
 */
export async function outsideNetwork(round: Round): Promise<Outside | undefined> {
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

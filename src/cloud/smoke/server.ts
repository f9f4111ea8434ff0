import { CloudError } from '../errors.ts';
import type { Bootable } from './guest-images.ts';
import { make, type Round, until } from './round.ts';

export interface ServerNeeds {
  readonly guest: Bootable;
  readonly network: string;
  readonly group: string;
  readonly keypair: string;
  readonly withinMs: number;
}

export interface MadeServer {
  readonly id: string;
  /** Its address in its own network. */
  readonly address: string;
  /** What was observed. */
  readonly note: string;
}

interface ServerBody {
  readonly server: {
    readonly status: string;
    readonly 'OS-EXT-STS:task_state'?: string | null;
    readonly 'OS-EXT-SRV-ATTR:host'?: string | null;
    readonly fault?: { readonly code?: number; readonly message?: string };
    readonly addresses: Readonly<Record<string, readonly { readonly addr: string }[]>>;
  };
}

/** Hints for faults that Nova reports. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /No valid host/i,
    'no compute host accepted it: is nova-compute up and enabled (openstack compute service list), and does Placement know it (openstack hypervisor list)?',
  ],
  [
    /binding failed|PortBindingFailed/i,
    'no Linux bridge agent bound the port: does it run on the compute host (openstack network agent list)?',
  ],
  [/image|glance/i, 'can the compute host download from Glance at the virtual IP?'],
];

/** Creates a flavor and a server, and waits until it is ACTIVE. */
export async function bootServer(round: Round, needs: ServerNeeds): Promise<MadeServer> {
  const { guest, network, group, keypair, withinMs } = needs;
  const { api } = round;
  const flavor = await make(round, 'flavor', 'flavor', {
    path: '/flavors',
    key: 'flavor',
    body: (name) => ({ flavor: { name, vcpus: 1, ram: guest.memory, disk: guest.disk } }),
  });
  const id = await make(round, 'server', 'server', {
    path: '/servers',
    key: 'server',
    body: (name) => ({
      server: {
        name,
        imageRef: guest.image,
        flavorRef: flavor,
        networks: [{ uuid: network }],
        security_groups: [{ name: group }],
        key_name: keypair,
      },
    }),
  });
  const server = await until(round, {
    what: 'the server is ACTIVE',
    withinMs,
    hint: 'the logs of nova-scheduler and nova-conductor on the control hosts, and of nova-compute, tell where it is stuck',
    look: async (say) => {
      const { server: found } = await api.get<ServerBody>('compute', `/servers/${id}`);
      if (found.status === 'ERROR') throw faulty(found.fault?.message);
      if (found.status === 'ACTIVE') return found;
      const task = found['OS-EXT-STS:task_state'];
      say(`the server is ${found.status}${task === undefined || task === null ? '' : `, ${task}`}`);
      return undefined;
    },
  });
  const address = Object.values(server.addresses).flat()[0]?.addr ?? '';
  return {
    id,
    address,
    note: `on ${server['OS-EXT-SRV-ATTR:host'] ?? 'a compute host'}, with the address ${address}`,
  };
}

function faulty(message = 'Nova gives no reason'): CloudError {
  const hint = HINTS.find(([pattern]) => pattern.test(message))?.[1];
  return new CloudError(`compute: the server is in ERROR: ${message}`, {
    service: 'compute',
    hint: hint ?? 'see /var/log/nova/nova-compute.log on the compute host',
  });
}

import type { Host } from '../inventory/types.ts';
import { ConnectError, ForwardError } from '../transport/errors.ts';
import { directly, type Dial, type Target } from './dial.ts';
import { NotSent, NoWay } from './errors.ts';
import type { Hosts } from './hosts.ts';

/** Milliseconds in which a virtual IP that this machine can reach has answered. */
const REACHABLE_WITHIN_MS = 2_000;

/** How the cloud's APIs are reached. */
export interface Way {
  readonly dial: Dial;
  /** In words: "from this machine", "through controller1". */
  readonly name: () => string;
}

export interface WayOptions {
  /** What has to answer where there is a direct way. */
  readonly to: Target;
  readonly hosts: Hosts;
  /** Hosts to go through otherwise, the best first. */
  readonly through: readonly Host[];
  readonly signal: AbortSignal;
  /** How this machine connects; default TCP. */
  readonly direct?: Dial;
}

/** The way to the cloud: from this machine where it can, else through a host. Throws `NoWay`. */
export async function findWay({ to, hosts, through, signal, direct }: WayOptions): Promise<Way> {
  try {
    const socket = await (direct ?? directly(REACHABLE_WITHIN_MS))(to, signal);
    socket.destroy();
    return { dial: direct ?? directly(), name: () => 'from this machine' };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof NotSent)) throw error;
  }
  const way = throughHosts(hosts, through);
  try {
    (await way.dial(to, signal)).destroy();
  } catch (error) {
    // A host that answers is a way, whatever becomes of the connection.
    if (error instanceof NoWay || !(error instanceof NotSent)) throw error;
  }
  return way;
}

/**
 * Connects through the first host that lets us in. One through which it failed is the last to be tried next time: the
 * host may be gone, or cut off from the others.
 */
export function throughHosts(hosts: Hosts, through: readonly Host[]): Way {
  let order = [...through];
  const last = (host: Host): void => void (order = [...order.filter((one) => one !== host), host]);
  return {
    name: () => `through ${order[0]?.name ?? 'no host'}`,
    dial: async (to, signal) => {
      const reasons: string[] = [];
      for (const host of [...order]) {
        try {
          return await hosts.from(host)(to, signal);
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof NotSent)) throw error;
          last(host);
          if (error.cause instanceof ForwardError && error.cause.prohibited) {
            throw new NoWay(
              error.message,
              `this machine does not reach ${to.address}, and sshd on ${host.name} has to permit forwarding: AllowTcpForwarding yes`,
            );
          }
          if (!(error.cause instanceof ConnectError)) throw error;
          reasons.push(error.message);
        }
      }
      throw new NoWay(
        `neither this machine nor a host reaches ${to.address} port ${to.port}: ${reasons.join('; ') || 'there is no host to go through'}`,
        'run osha where the virtual IP can be reached, or see: osha check INVENTORY',
      );
    },
  };
}

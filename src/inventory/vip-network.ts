import { addressesOf, contains, formatIpv4, networkOf, parseIpv4, type Bounds } from './network.ts';
import type { Host, Vip } from './types.ts';

type Network = Pick<Vip, 'address' | 'prefixLength'>;

function boundsOf({ address, prefixLength }: Network): Bounds {
  return networkOf(parseIpv4(address) ?? 0, prefixLength);
}

/**
 * The host's own address in the network of a virtual IP: the first one that lies in it, the management address before
 * the others. Nothing where none does; a name that only DNS knows is not looked up.
 */
export function addressIn(host: Pick<Host, 'address' | 'networks'>, vip: Network): string | undefined {
  const network = boundsOf(vip);
  const own = addressesOf(host).find((address) => address !== undefined && contains(network, address));
  return own === undefined ? undefined : formatIpv4(own);
}

/** Whether two virtual IPs lie in one network, or the network of one in that of the other. */
export function sameNetwork(one: Network, other: Network): boolean {
  const [a, b] = [boundsOf(one), boundsOf(other)];
  return a.first <= b.last && b.first <= a.last;
}

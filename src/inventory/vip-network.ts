import { networkOf, parseIpv4 } from './network.ts';
import type { Host, Vip } from './types.ts';

type Network = Pick<Vip, 'address' | 'prefixLength'>;

function boundsOf({ address, prefixLength }: Network): { readonly first: number; readonly last: number } {
  return networkOf(parseIpv4(address) ?? 0, prefixLength);
}

/**
 * The host's own address in the network of a virtual IP: the first one that lies in it, the management address before
 * the others. Nothing where none does; a name that only DNS knows is not looked up.
 */
export function addressIn(
  host: Pick<Host, 'address' | 'networks'>,
  vip: Pick<Vip, 'address' | 'prefixLength'>,
): string | undefined {
  const { first, last } = boundsOf(vip);
  return [host.address, ...Object.values(host.networks)].find((address) => {
    const own = parseIpv4(address);
    return own !== undefined && own >= first && own <= last;
  });
}

/** Whether two virtual IPs lie in one network, or the network of one in that of the other. */
export function sameNetwork(one: Network, other: Network): boolean {
  const [a, b] = [boundsOf(one), boundsOf(other)];
  return a.first <= b.last && b.first <= a.last;
}

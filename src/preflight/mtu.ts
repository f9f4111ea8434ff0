import { formatIpv4, networkOf, parseIpv4 } from '../inventory/network.ts';
import type { Inventory } from '../inventory/types.ts';
import type { Finding } from '../playbook/operation.ts';
import type { HostFacts } from './facts.ts';

/** An interface of a host, and a network that it is in. */
interface Link {
  /** In CIDR notation: "192.0.2.0/24". */
  readonly network: string;
  readonly host: string;
  readonly mtu: number;
}

/**
 * One finding per network: whether all hosts have the same MTU there. Networks may differ from each other. `partly` ends
 * a statement about all hosts where only some answered.
 */
export function mtuFindings(
  facts: readonly (readonly [string, HostFacts])[],
  inventory: Inventory,
  partly: string,
): readonly Finding[] {
  const links = facts.flatMap(([host, of]) => linksOf(host, of, inventory));
  const networks = [...new Set(links.map(({ network }) => network))];
  return networks.map((network): Finding => {
    const found = links.filter((link) => link.network === network);
    const sizes = [...new Set(found.map(({ mtu }) => mtu))];
    return {
      subject: `MTU in ${network}`,
      healthy: sizes.length === 1,
      evidence:
        sizes.length === 1
          ? `${String(sizes[0])} everywhere${partly}`
          : found.map(({ host, mtu }) => `${host} ${mtu}`).join(', '),
      hint: 'packets that are too large for one host vanish: give all interfaces of one network one MTU',
    };
  });
}

/** The interfaces with the addresses that the inventory gives the host, and those that carry its virtual IPs. */
function linksOf(name: string, facts: HostFacts, { hosts, vips }: Inventory): readonly Link[] {
  const host = hosts.find((candidate) => candidate.name === name);
  if (!host) return [];
  const own = new Set([host.address, ...Object.values(host.networks)]);
  const places = [
    ...facts.addresses.filter(({ address }) => own.has(address)),
    ...vips.filter(({ holders }) => holders.includes(name)),
  ];
  const links = places.flatMap((place): readonly Link[] => {
    // `ip` writes the other end of a veth pair or the parent of a VLAN behind it: eth0@if5.
    const mtu = facts.mtu[place.interface.replace(/@.*/, '')];
    const address = parseIpv4(place.address);
    if (mtu === undefined || address === undefined) return [];
    const { first } = networkOf(address, place.prefixLength);
    return [{ network: `${formatIpv4(first)}/${place.prefixLength}`, host: name, mtu }];
  });
  return links.filter(
    (link, index) =>
      links.findIndex(({ network, mtu }) => network === link.network && mtu === link.mtu) === index,
  );
}

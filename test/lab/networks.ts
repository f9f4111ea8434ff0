import { LabError } from './run.ts';

/** A host's interface in one network: the device and its address. */
export interface Interface {
  readonly device: string;
  readonly address: string;
  readonly subnet: string;
}

/** A host's addresses in an inventory. */
export interface Addresses {
  readonly name: string;
  readonly address: string;
  /** By network name. */
  readonly networks: Readonly<Record<string, string>>;
}

/** A host's interfaces: `address` is on eth0, the further networks on eth1, eth2 in the order of their names. */
export function interfacesOf({ address, networks }: Omit<Addresses, 'name'>): readonly Interface[] {
  const further = Object.keys(networks)
    .sort()
    .flatMap((network) => networks[network] ?? []);
  return [address, ...further].map((each, index) => ({
    device: `eth${index}`,
    address: each,
    subnet: subnetOf(each),
  }));
}

/**
 * The networks of all interfaces, each a /24 like `172.29.77.0/24`, in an order that matches every host's interfaces. Docker
 * orders interfaces by network, so no two hosts may have the same networks in different orders.
 */
export function subnetsOf(file: string, hosts: readonly Addresses[]): readonly string[] {
  const wanted = hosts.map((host) => ownSubnets(file, host));
  const left = new Set(wanted.flat());
  const ordered: string[] = [];
  while (left.size > 0) {
    const rests = wanted.map((subnets) => subnets.filter((subnet) => left.has(subnet)));
    const next = [...left].find((subnet) => rests.every((rest) => rest.indexOf(subnet) <= 0));
    if (next === undefined) {
      throw new LabError(
        `${file}: ${[...left].join(' and ')} are in different orders on different hosts`,
        '`address` becomes eth0, and the further networks eth1, eth2 by name: choose names with the same order on all hosts.',
      );
    }
    ordered.push(next);
    left.delete(next);
  }
  return ordered;
}

function ownSubnets(file: string, host: Addresses): readonly string[] {
  const interfaces = interfacesOf(host);
  const bad = interfaces.find(({ address }) => /\.(0|1|255)$/.test(address));
  if (bad) {
    throw new LabError(
      `${file}: ${host.name} cannot be ${bad.address}`,
      '.1 belongs to the lab; use .2 to .254.',
    );
  }
  const subnets = interfaces.map(({ subnet }) => subnet);
  const twice = subnets.find((subnet, index) => subnets.indexOf(subnet) !== index);
  if (twice !== undefined) {
    throw new LabError(
      `${file}: ${host.name} has two addresses in ${twice}`,
      'Each network of the lab is a /24: give the host one address in each.',
    );
  }
  return subnets;
}

function subnetOf(address: string): string {
  return `${address.split('.').slice(0, 3).join('.')}.0/24`;
}

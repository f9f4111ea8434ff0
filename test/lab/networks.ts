import { LabError } from './run.ts';

/** A host's place in one network: the device by which the host itself knows it, and its address there. */
export interface Interface {
  readonly device: string;
  readonly address: string;
  readonly subnet: string;
}

/** A host's addresses as an inventory has them. */
export interface Addresses {
  readonly name: string;
  readonly address: string;
  /** By the network's name. */
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
 * The networks that hold all interfaces, each a /24 like `172.29.77.0/24`, in an order in which every host's own interfaces
 * stand too. Docker gives a host its interfaces in one order of networks: hosts that want two of them in different orders cannot be.
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
        `${file}: ${[...left].join(' and ')} come in another order on one host than on another`,
        'The lab makes `address` eth0 and the further networks eth1, eth2 in the order of their names: name them so that the order is one for all.',
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
      'The lab itself has .1; take .2 to .254.',
    );
  }
  const subnets = interfaces.map(({ subnet }) => subnet);
  const twice = subnets.find((subnet, index) => subnets.indexOf(subnet) !== index);
  if (twice !== undefined) {
    throw new LabError(
      `${file}: ${host.name} has two addresses in ${twice}`,
      'In the lab each network is a /24 of its own: give the host one address in each.',
    );
  }
  return subnets;
}

function subnetOf(address: string): string {
  return `${address.split('.').slice(0, 3).join('.')}.0/24`;
}

import { addressIn, hostsWith, type Inventory, type InventoryProblem } from 'osha';
import { servicesOf } from '../openstack/settings.ts';
import type { NeutronSettings } from './settings.ts';

/** Problems of the external network, and missing network hosts. */
export function neutronProblems(
  inventory: Inventory,
  { external }: NeutronSettings,
): readonly InventoryProblem[] {
  if (!servicesOf(inventory).includes('network')) return [];
  return [...hostProblems(inventory), ...(external ? externalProblems(external) : [])];
}

function hostProblems(inventory: Inventory): readonly InventoryProblem[] {
  const count = hostsWith(inventory, 'network').length;
  if (count > 1) return [];
  const path = ['openstack', 'services'];
  if (count === 0) {
    return [
      {
        severity: 'error',
        path,
        message: 'no host has the role network, so no network would have DHCP or a router',
        hint: 'give it to at least two hosts, such as the controllers: roles: [controller, network]',
      },
    ];
  }
  return [
    {
      severity: 'warning',
      path,
      message: 'only one host has the role network: while it is down, no server reaches the external network',
      hint: 'give the role to a second host',
    },
  ];
}

function externalProblems(external: NonNullable<NeutronSettings['external']>): readonly InventoryProblem[] {
  const [first = '', last = ''] = external.floating.split('-');
  const [base = '', prefix = ''] = external.subnet.split('/');
  const network = { address: base, prefixLength: Number(prefix) };
  const within = (address: string): boolean => addressIn({ address, networks: {} }, network) !== undefined;
  const outside = (key: string, address: string): readonly InventoryProblem[] =>
    within(address)
      ? []
      : [
          {
            severity: 'error',
            path: ['neutron', 'external', key],
            message: `${address} is not in ${external.subnet}`,
            hint: 'write an address of that network',
          },
        ];
  const [from, to, gateway] = [numberOf(first), numberOf(last), numberOf(external.gateway)];
  const floating = (message: string, hint: string): readonly InventoryProblem[] => [
    { severity: 'error', path: ['neutron', 'external', 'floating'], message, hint },
  ];
  return [
    ...outside('gateway', external.gateway),
    ...outside('floating', first),
    ...outside('floating', last),
    ...(from > to ? floating(`${first} comes after ${last}`, 'write the lower address first') : []),
    ...(from <= gateway && gateway <= to
      ? floating(
          `${external.gateway} is the gateway, and cannot be assigned to anything else`,
          'leave it out',
        )
      : []),
  ];
}

/** An IPv4 address as a number, to compare. */
function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

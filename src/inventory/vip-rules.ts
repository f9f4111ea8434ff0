import type { Draft, DraftHost, DraftVip } from './draft.ts';
import {
  addressesOf,
  addressFault,
  contains,
  formatIpv4,
  isLoopback,
  nameFault,
  networkOf,
  parseIpv4,
  unusable,
} from './network.ts';
import type { InventoryProblem } from './problem.ts';
import { choiceFault } from './roles.ts';

/** The longest interface name that Linux allows (IFNAMSIZ without the terminating NUL). */
const LONGEST_INTERFACE = 15;

/** A VIP's address and its network, as numbers. */
export interface Cidr {
  readonly address: number;
  readonly prefixLength: number;
}

/** Parses `10.0.0.20/24`; `undefined` for any other form. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(\d{1,2})$/.exec(text);
  const address = parseIpv4(match?.[1] ?? '');
  const prefixLength = Number(match?.[2]);
  if (address === undefined || !(prefixLength >= 1 && prefixLength <= 32)) return undefined;
  return { address, prefixLength };
}

type Fault = Pick<InventoryProblem, 'message' | 'hint'>;

/** The problem with the text of a VIP's address itself. */
function cidrFault(text: string): Fault | undefined {
  const [bare = '', prefix, more] = text.split('/');
  const fault = addressFault(bare);
  if (fault !== undefined)
    return { message: fault.message, hint: 'write an address and its prefix, such as 10.0.0.20/24' };
  const address = parseIpv4(bare);
  if (address === undefined) {
    return {
      message: `a VIP needs an address, not the name "${bare}"`,
      hint: 'write one such as 10.0.0.20/24',
    };
  }
  if (prefix === undefined) {
    return {
      message: `${text} has no prefix length`,
      hint: `write ${bare}/24, if the hosts' network is a /24`,
    };
  }
  const length = /^\d{1,2}$/.test(prefix) && more === undefined ? Number(prefix) : Number.NaN;
  if (!(length >= 8 && length <= 30)) {
    const hint = "write the prefix length of the hosts' network, from 8 to 30, such as /24";
    return {
      message: `/${[prefix, more].filter((part) => part !== undefined).join('/')} is not a valid prefix length for a network with hosts`,
      hint,
    };
  }
  const reason = isLoopback(address) ? 'is a loopback address' : unusable(address);
  if (reason !== undefined)
    return { message: `${bare} ${reason}`, hint: "write a free address of the hosts' network" };
  const { first, last } = networkOf(address, length);
  if (address === first)
    return {
      message: `${bare} is the address of the network ${text} itself`,
      hint: 'write a free address in it',
    };
  if (address === last)
    return { message: `${bare} is the broadcast address of its network`, hint: 'write a free address in it' };
  return undefined;
}

/** Hosts without an address in the network, as far as their addresses are known: DNS is not queried. */
function outside(hosts: readonly DraftHost[], { address, prefixLength }: Cidr): readonly DraftHost[] {
  const network = networkOf(address, prefixLength);
  return hosts.filter((host) =>
    addressesOf(host).every((own) => own !== undefined && !contains(network, own)),
  );
}

/** The hosts that can hold a VIP must be in its network. */
function networkFault(vip: DraftVip, cidr: Cidr): Fault | undefined {
  const strangers = outside(vip.holders, cidr);
  if (strangers.length === 0) return undefined;
  const { first } = networkOf(cidr.address, cidr.prefixLength);
  const hosts = strangers.map((host) => `${host.name} (${host.address ?? ''})`).join(', ');
  const message = `outside its network ${formatIpv4(first)}/${cidr.prefixLength}: ${hosts}`;
  const hint =
    'a VIP and every host that can hold it must be in the same network: list the hosts that can hold it (on: ...), or their addresses in that network (networks: { public: ... })';
  return { message, hint };
}

/** Words of `on` that refer to no host. */
function holderProblems(draft: Draft, vip: DraftVip): readonly InventoryProblem[] {
  const words = vip.on ?? [];
  return words.flatMap((word): readonly InventoryProblem[] => {
    const fault = choiceFault(word, draft.hosts);
    return fault ? [{ severity: 'error', path: ['vips', vip.name, 'on'], ...fault }] : [];
  });
}

function addressProblem(draft: Draft, vip: DraftVip): Fault | undefined {
  if (vip.address === undefined) return undefined;
  const fault = cidrFault(vip.address);
  const cidr = parseCidr(vip.address);
  if (fault !== undefined || cidr === undefined) return fault;
  const host = draft.hosts.find((candidate) => addressesOf(candidate).includes(cidr.address));
  const bare = formatIpv4(cidr.address);
  if (host !== undefined) {
    return {
      message: `${bare} is the address of host ${host.name}`,
      hint: 'a VIP needs an address that no host has',
    };
  }
  const same = draft.vips.find((other) => parseCidr(other.address ?? '')?.address === cidr.address);
  if (same !== undefined && same !== vip) {
    return {
      message: `${bare} is the address of VIP ${same.name} already`,
      hint: 'give each VIP an address of its own',
    };
  }
  return networkFault(vip, cidr);
}

function interfaceFault(name: string): Fault | undefined {
  const hint = 'write it as "ip link" shows it, such as eth0';
  if (name.length > LONGEST_INTERFACE) {
    return {
      message: `"${name}" is longer than an interface's name can be (${LONGEST_INTERFACE} characters)`,
      hint,
    };
  }
  if (name === 'lo') return { message: 'the loopback interface cannot carry a VIP', hint };
  // Linux accepts nearly any name; keepalived's configuration, where it is a single word, does not.
  return /^[A-Za-z0-9_][\w.@-]*$/.test(name)
    ? undefined
    : { message: `"${name}" is not an interface name`, hint };
}

/** Mistakes in names, addresses and interfaces of VIPs, including conflicts with hosts and other VIPs. */
export function vipProblems(draft: Draft): readonly InventoryProblem[] {
  const severity = 'error';
  return draft.vips.flatMap((vip): readonly InventoryProblem[] => {
    const path = ['vips', vip.name];
    const twin = draft.hosts.find((host) => host.name === vip.name);
    const name: Fault | undefined =
      nameFault(vip.name) ??
      (twin && {
        message: `a host is called "${vip.name}" too`,
        hint: 'the name would be ambiguous; rename one',
      });
    const address = addressProblem(draft, vip);
    const device = vip.interface === undefined ? undefined : interfaceFault(vip.interface);
    return [
      ...(name ? [{ severity, path, at: 'key', ...name } as const] : []),
      ...(address ? [{ severity, path: [...path, 'address'], ...address } as const] : []),
      ...holderProblems(draft, vip),
      ...(device ? [{ severity, path: [...path, 'interface'], ...device } as const] : []),
    ];
  });
}

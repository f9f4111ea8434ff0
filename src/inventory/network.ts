import { isIPv6 } from 'node:net';
import type { Host, Vip } from './types.ts';

/** A problem with an address or a name, and what to write instead. */
export interface AddressFault {
  readonly message: string;
  readonly hint: string;
}

/** The problem with the address of a host, which must be an IPv4 address or a DNS name. */
export function addressFault(text: string): AddressFault | undefined {
  const fault = (message: string, hint: string): AddressFault => ({ message, hint });
  const address = parseIpv4(text);
  if (address !== undefined) {
    const reason = unusable(address);
    return reason === undefined ? undefined : fault(`${text} ${reason}`, "write the host's own address");
  }
  const [bare = '', prefix] = text.split('/');
  if (text === '') return fault('the address is empty', 'write an IPv4 address or a host name');
  if (prefix !== undefined && parseIpv4(bare) !== undefined) {
    return fault(`${text} is a network, not an address`, `write ${bare}`);
  }
  if (isIPv6(bare.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/%.*$/, ''))) {
    return fault(
      `${text} is an IPv6 address, which osha does not support yet`,
      'write an IPv4 address or a host name',
    );
  }
  if (text.includes('@')) return fault(`"${text}" holds a user`, 'write the user as ssh: { user: NAME }');
  if (/^[^:]+:\d+$/.test(text))
    return fault(`"${text}" holds a port`, 'write the port as ssh: { port: NUMBER }');
  if (/^[\d.]+$/.test(text)) return badIpv4(text);
  if (!isDnsName(text)) {
    return fault(`"${text}" is neither an IPv4 address nor a host name`, 'write one, such as 10.0.0.11');
  }
  return undefined;
}

/**
 * The problem with the name of a host or a VIP, which must be one lower-case RFC 1123 label that starts with a letter.
 */
export function nameFault(name: string): AddressFault | undefined {
  const fault = (message: string, hint: string): AddressFault => ({ message, hint });
  if (name.length > 63) return fault(`this name has ${name.length} characters`, 'a host name has at most 63');
  if (name === 'localhost')
    return fault('"localhost" is the name of the local host on every machine', 'give it a name of its own');
  if (/^[a-z](?:[a-z0-9-]*[a-z0-9])?$/.test(name)) return undefined;
  const better = name
    .toLowerCase()
    .replace(/\..*$/, '')
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '');
  const example = better === '' ? '' : `, such as "${better}"`;
  if (name.includes('.')) {
    return fault(
      `"${name}" is not a short name`,
      `write the first part${example}; the rest can stand in the address`,
    );
  }
  return fault(
    `"${name}" is not a valid host name`,
    `use lower case letters, digits and "-", a letter first${example}`,
  );
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/**
 * A dotted IPv4 address as a number of 32 bits; `undefined` for anything else. Leading zeros are refused: some programs
 * read them as octal.
 */
export function parseIpv4(text: string): number | undefined {
  if (!/^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(text)) return undefined;
  const bytes = text.split('.').map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** An IPv4 address in dotted form. */
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** The first and the last address of a network, as numbers. */
export interface Bounds {
  readonly first: number;
  readonly last: number;
}

/** First and last address of the network of `address`. */
export function networkOf(address: number, prefixLength: number): Bounds {
  const size = 2 ** (32 - prefixLength);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

/** Whether an address lies in a network. */
export function contains({ first, last }: Bounds, address: number): boolean {
  return address >= first && address <= last;
}

/**
 * A host's addresses as numbers, the management address first; `undefined` for one that is missing or a name: DNS is
 * not queried.
 */
export function addressesOf(host: {
  readonly address?: string;
  readonly networks: Readonly<Record<string, string>>;
}): readonly (number | undefined)[] {
  return [host.address ?? '', ...Object.values(host.networks)].map(parseIpv4);
}

export function isLoopback(address: number): boolean {
  return Math.floor(address / 2 ** 24) === 127;
}

/** Why no host can have this IPv4 address; loopback is not considered. */
export function unusable(address: number): string | undefined {
  const first = Math.floor(address / 2 ** 24);
  if (first === 0) return 'is not an address that a host can have';
  if (first >= 224 && first < 240) return 'is a multicast address';
  if (first >= 240) return 'is a reserved or broadcast address';
  return undefined;
}

/** Whether `text` is a valid DNS name (RFC 1123), of one or more labels. It is not resolved. */
export function isDnsName(text: string): boolean {
  const labels = text.replace(/\.$/, '').split('.');
  return (
    text.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '')
  );
}

function badIpv4(text: string): AddressFault {
  const byte = text.split('.').find((part) => Number(part) > 255);
  const zero = text.split('.').find((part) => /^0\d/.test(part));
  const reason = byte ? `: ${byte} is more than 255` : zero ? `: ${zero} starts with a zero` : '';
  return {
    message: `${text} is not an IPv4 address${reason}`,
    hint: 'write four numbers from 0 to 255, such as 10.0.0.11',
  };
}

type Network = Pick<Vip, 'address' | 'prefixLength'>;

function boundsOf({ address, prefixLength }: Network): Bounds {
  return networkOf(parseIpv4(address) ?? 0, prefixLength);
}

/**
 * The host's own address in the network of a virtual IP: the first one that lies in it, starting with the management
 * address. `undefined` where none does; names are not resolved.
 */
export function addressIn(host: Pick<Host, 'address' | 'networks'>, vip: Network): string | undefined {
  const network = boundsOf(vip);
  const own = addressesOf(host).find((address) => address !== undefined && contains(network, address));
  return own === undefined ? undefined : formatIpv4(own);
}

/** Whether the networks of two virtual IPs are the same, or one contains the other. */
export function sameNetwork(one: Network, other: Network): boolean {
  const [a, b] = [boundsOf(one), boundsOf(other)];
  return a.first <= b.last && b.first <= a.last;
}

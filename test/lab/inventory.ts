import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { homedir } from 'node:os';
import { parse } from 'yaml';
import { interfacesOf, subnetsOf, type Addresses, type Interface } from './networks.ts';
import { DEFAULT_INVENTORY, KEY, KNOWN_HOSTS } from './paths.ts';
import { LabError } from './run.ts';

export interface LabHost {
  readonly name: string;
  /** The address of its first interface, for logins. */
  readonly address: string;
  /** Never empty; eth0 first. */
  readonly interfaces: readonly Interface[];
}

/** The parts of an inventory that the lab uses. */
export interface LabInventory {
  readonly file: string;
  readonly name: string;
  readonly hosts: readonly LabHost[];
  /** The networks of all hosts, each a /24 like `172.29.77.0/24`; ordered by interface. */
  readonly subnets: readonly string[];
  /** Whether it has OpenStack services, which need their own packages. */
  readonly openstack: boolean;
  /** Notes for the user about settings that do not fit the lab's hosts. */
  readonly remarks: readonly string[];
}

/** Reads the hosts of an inventory. `osha validate` checks everything else. */
export function readInventory(file: string = DEFAULT_INVENTORY): LabInventory {
  const path = resolve(file);
  const top = record(load(path));
  const name = top['name'];
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) {
    throw new LabError(`${path}: \`name\` is missing or not made of a-z, 0-9 and -`, 'Example: `name: lab`.');
  }
  const hosts = Object.entries(record(top['hosts'])).map(([host, value]) => addressesOf(path, host, value));
  if (hosts.length === 0) throw new LabError(`${path}: no hosts`, 'See inventory/lab.yaml for an example.');
  return {
    file: path,
    name,
    hosts: hosts.map((host) => ({
      name: host.name,
      address: host.address,
      interfaces: interfacesOf(host),
    })),
    subnets: subnetsOf(path, hosts),
    openstack: hasServices(record(top['openstack'])['services']),
    remarks: remarks(path, record(top['ssh'])),
  };
}

/** The host with that name. Throws an error that lists the names. */
export function findHost(inventory: LabInventory, name: string): LabHost {
  const host = inventory.hosts.find((each) => each.name === name);
  if (host) return host;
  const names = inventory.hosts.map((each) => each.name).join(', ');
  throw new LabError(
    `${inventory.name} has no host ${name}`,
    `Its hosts: ${names}. Another lab? Add \`--inventory FILE\`.`,
  );
}

function hasServices(services: unknown): boolean {
  return Array.isArray(services) ? services.length > 0 : services !== undefined && services !== null;
}

function load(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new LabError(
      `cannot read the inventory ${path}`,
      'Give the path of an inventory; the default is inventory/lab.yaml.',
    );
  }
  try {
    return parse(text);
  } catch (error) {
    throw new LabError(`${path} is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function addressesOf(path: string, host: string, value: unknown): Addresses {
  const { address, networks } = record(value);
  if (!isAddress(address)) {
    throw new LabError(
      `${path}: host ${host} has no IPv4 address`,
      `Example: \`${host}: { address: 172.29.77.11 }\`.`,
    );
  }
  if (!/^[a-z0-9][a-z0-9-]{0,40}$/.test(host)) {
    throw new LabError(`${path}: ${host} is not a valid host name`, 'Names are made of a-z, 0-9 and -.');
  }
  const further = Object.entries(record(networks)).map(([network, own]) => {
    if (isAddress(own)) return [network, own] as const;
    throw new LabError(
      `${path}: host ${host} has no IPv4 address in its network ${network}`,
      `Example: \`networks: { ${network}: 172.29.78.11 }\`.`,
    );
  });
  return { name: host, address, networks: Object.fromEntries(further) };
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && /^\d+\.\d+\.\d+\.\d+$/.test(value);
}

function remarks(path: string, ssh: Record<string, unknown>): string[] {
  const found: string[] = [];
  const user = ssh['user'];
  if (user !== 'osha' && user !== 'root') found.push('the lab has the users osha (with sudo) and root');
  for (const [key, file] of [['identity', KEY] as const, ['known_hosts', KNOWN_HOSTS] as const]) {
    const value = ssh[key];
    const named =
      typeof value === 'string' ? resolve(dirname(path), value.replace(/^~(?=\/)/, homedir())) : '';
    if (named !== file)
      found.push(`to log in to the lab, \`ssh.${key}\` must be ${relative(dirname(path), file)}`);
  }
  return found;
}

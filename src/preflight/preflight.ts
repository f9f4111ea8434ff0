import { formatIpv4, networkOf, parseIpv4 } from '../inventory/network.ts';
import type { Host, Inventory } from '../inventory/types.ts';
import type { Platform } from '../platform/platform.ts';
import { ofThoseThatAnswered, type Answers, type Finding, type HealthCheck } from '../playbook/operation.ts';
import { factsProbe, type HostFacts } from './facts.ts';

/** Seconds. A larger clock skew breaks Galera's certification logs and Keystone's tokens. */
const MOST_SKEW_SECONDS = 10;

/** A port that a system needs on a host. */
export interface WantedPort {
  readonly host: string;
  readonly port: number;
  readonly process: string;
}

/** The check before a deployment: only what would make it fail halfway. */
export function fitness(hosts: readonly Host[], platform: Platform): HealthCheck<HostFacts> {
  const probe = factsProbe([], []);
  return {
    scope: 'health',
    title: 'Hosts are fit',
    members: hosts,
    probe: () => probe,
    judge: (answers) => [
      ...silentHosts(answers),
      ...answered(answers).flatMap(([host, facts]) => fitnessOf(host, facts, platform)),
    ],
  };
}

/** The full check of `osha check`. */
export function preflight(
  inventory: Inventory,
  platform: Platform,
  wanted: readonly WantedPort[],
): HealthCheck<HostFacts> {
  const probe = factsProbe(
    inventory.hosts.map((host) => host.name),
    inventory.vips.map((vip) => vip.address),
  );
  return {
    scope: 'health',
    title: 'Before a deployment',
    members: inventory.hosts,
    probe: () => probe,
    judge: (answers) => {
      const facts = answered(answers);
      const qualifier = ofThoseThatAnswered(facts.length, answers.size);
      return [
        ...silentHosts(answers),
        ...facts.flatMap(([host, found]) => [
          ...fitnessOf(host, found, platform),
          portsOf(host, found, wanted),
          namesOf(host, found, inventory),
        ]),
        ...clocksOf(facts, qualifier),
        ...inventory.vips.flatMap((vip) => vipOf(vip, facts, facts.length < answers.size)),
        ...mtuFindings(facts, inventory, qualifier),
      ];
    },
  };
}

/** Hosts with no answer, or an unexpected one. */
function silentHosts(answers: Answers<HostFacts>): readonly Finding[] {
  return [...answers].flatMap(([host, answer]): readonly Finding[] =>
    answer.reachable
      ? []
      : [
          {
            host,
            subject: 'answer',
            healthy: false,
            evidence: `no answer: ${answer.reason}`,
            hint: `check that it can run commands: osha exec INVENTORY --on ${host} -- uptime`,
          },
        ],
  );
}

function answered(answers: Answers<HostFacts>): readonly (readonly [string, HostFacts])[] {
  return [...answers].flatMap(([host, answer]) =>
    answer.reachable ? [[host, answer.observed] as const] : [],
  );
}

function portsOf(host: string, facts: HostFacts, wanted: readonly WantedPort[]): Finding {
  const taken = wanted
    .filter((want) => want.host === host)
    .flatMap((want) =>
      facts.listening
        .filter((found) => found.port === want.port && found.process !== '' && found.process !== want.process)
        // HAProxy holds the same ports as the services behind it, on the virtual IPs.
        .filter((found) => found.process !== 'haproxy')
        .map((found) => `${want.port} by ${found.process}`),
    );
  return {
    host,
    subject: 'ports',
    healthy: taken.length === 0,
    evidence:
      taken.length === 0 ? 'free, or used by this deployment' : `in use: ${[...new Set(taken)].join(', ')}`,
    hint: 'stop the service that listens there, or remove the role from this host',
  };
}

function namesOf(host: string, facts: HostFacts, inventory: Inventory): Finding {
  const mismatches = inventory.hosts
    .map((other) => ({ name: other.name, want: other.address, got: facts.names[other.name] }))
    // Names that do not resolve yet, or only to loopback, are fine: the phase `base` writes /etc/hosts.
    .filter(({ want, got }) => got !== undefined && got !== want && !got.startsWith('127.'));
  return {
    host,
    subject: 'names',
    healthy: mismatches.length === 0,
    evidence:
      mismatches.length === 0
        ? 'no name resolves to another address'
        : mismatches.map(({ name, got, want }) => `${name} is ${got ?? ''}, not ${want}`).join(', '),
    hint: 'correct DNS, /etc/hosts, or the address in the inventory',
  };
}

function clocksOf(facts: readonly (readonly [string, HostFacts])[], qualifier: string): readonly Finding[] {
  if (facts.length < 2) return [];
  const times = facts.map(([, found]) => found.epochSeconds);
  const skew = Math.max(...times) - Math.min(...times);
  return [
    {
      subject: 'clocks',
      healthy: skew <= MOST_SKEW_SECONDS,
      evidence: `within ${skew.toFixed(1)} s of each other${qualifier}`,
      hint: 'set the clocks before the deployment: a large step while services run is harmful',
    },
  ];
}

function vipOf(
  vip: Inventory['vips'][number],
  facts: readonly (readonly [string, HostFacts])[],
  isPartial: boolean,
): readonly Finding[] {
  const qualifier = isPartial ? ', according to the hosts that answered' : '';
  const holders = facts.filter(([, found]) => found.addresses.some((own) => own.address === vip.address));
  const pingedBy = facts.filter(([, found]) => found.answering.includes(vip.address));
  const withoutInterface = facts.filter(
    ([host, found]) => vip.holders.includes(host) && found.mtu[vip.interface] === undefined,
  );
  return [
    {
      subject: `virtual IP ${vip.name}`,
      healthy: holders.length === 1 || (holders.length === 0 && pingedBy.length === 0),
      evidence:
        holders.length > 0
          ? `${vip.address} is held by ${holders.map(([host]) => host).join(' and ')}${qualifier}`
          : pingedBy.length > 0
            ? `${vip.address} answers, but no host of the inventory holds it${qualifier}`
            : `${vip.address} is free${qualifier}`,
      hint: 'find the other machine that uses this address, or the reason why two hosts hold it',
    },
    ...withoutInterface.map(([host]): Finding => ({
      host,
      subject: `interface of virtual IP ${vip.name}`,
      healthy: false,
      evidence: `no interface ${vip.interface}`,
      hint: `set vips.${vip.name}.interface to an interface that all its holders (${vip.holders.join(', ')}) have in its network`,
    })),
  ];
}

/** Bytes. With less, unpacking packages or the first database write fails. */
const LEAST_FREE_BYTES = 1024 ** 3;
/** Bytes. With less, the services of a controller run out of memory. */
const LEAST_MEMORY_BYTES = 1024 ** 3;

/** What must hold for a host before any change. */
function fitnessOf(host: string, facts: HostFacts, platform: Platform): readonly Finding[] {
  const { id, versionId } = platform.osRelease;
  const full = Object.entries(facts.freeBytes).find(([, bytes]) => bytes < LEAST_FREE_BYTES);
  return [
    {
      host,
      subject: 'root',
      healthy: facts.uid === 0,
      evidence: facts.uid === 0 ? 'yes' : `uid ${facts.uid}`,
      hint: 'set ssh.sudo: true, or log in as root',
    },
    {
      host,
      subject: 'operating system',
      healthy: facts.osId === id && facts.osVersion === versionId,
      evidence: facts.osTitle || `${facts.osId} ${facts.osVersion}`,
      hint: `the inventory's platform is ${platform.id} (${platform.title})`,
    },
    {
      host,
      subject: 'init system',
      healthy: facts.init === 'systemd',
      evidence: facts.init,
      hint: 'osha needs systemd to run services',
    },
    {
      host,
      subject: 'free disk',
      healthy: full === undefined,
      evidence: full
        ? `${inGiB(full[1])} on ${full[0]}`
        : `${inGiB(Math.min(...Object.values(facts.freeBytes)))}`,
      hint: `free at least ${inGiB(LEAST_FREE_BYTES)}`,
    },
    {
      host,
      subject: 'memory',
      healthy: facts.memoryBytes >= LEAST_MEMORY_BYTES,
      evidence: inGiB(facts.memoryBytes),
      hint: `a controller needs at least ${inGiB(LEAST_MEMORY_BYTES)}`,
    },
  ];
}

function inGiB(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

/** A network interface of a host, in one of its networks. */
interface NetworkInterface {
  /** In CIDR notation: "192.0.2.0/24". */
  readonly network: string;
  readonly host: string;
  readonly mtu: number;
}

/** One finding per network: all hosts must have the same MTU there; networks may differ. `qualifier` ends statements about all hosts. */
function mtuFindings(
  facts: readonly (readonly [string, HostFacts])[],
  inventory: Inventory,
  qualifier: string,
): readonly Finding[] {
  const interfaces = facts.flatMap(([host, found]) => interfacesOf(host, found, inventory));
  const networks = [...new Set(interfaces.map(({ network }) => network))];
  return networks.map((network): Finding => {
    const found = interfaces.filter((one) => one.network === network);
    const sizes = [...new Set(found.map(({ mtu }) => mtu))];
    return {
      subject: `MTU in ${network}`,
      healthy: sizes.length === 1,
      evidence:
        sizes.length === 1
          ? `${String(sizes[0])} on all hosts${qualifier}`
          : found.map(({ host, mtu }) => `${host} ${mtu}`).join(', '),
      hint: 'set the same MTU on all interfaces in a network: packets too large for a host are dropped',
    };
  });
}

/** The interfaces with the host's addresses in the inventory, and those for its virtual IPs. */
function interfacesOf(
  name: string,
  facts: HostFacts,
  { hosts, vips }: Inventory,
): readonly NetworkInterface[] {
  const host = hosts.find((candidate) => candidate.name === name);
  if (!host) return [];
  const own = new Set([host.address, ...Object.values(host.networks)]);
  const places = [
    ...facts.addresses.filter(({ address }) => own.has(address)),
    ...vips.filter(({ holders }) => holders.includes(name)),
  ];
  const interfaces = places.flatMap((place): readonly NetworkInterface[] => {
    // `ip` appends the peer of a veth pair or the parent of a VLAN: eth0@if5.
    const mtu = facts.mtu[place.interface.replace(/@.*/, '')];
    const address = parseIpv4(place.address);
    if (mtu === undefined || address === undefined) return [];
    const { first } = networkOf(address, place.prefixLength);
    return [{ network: `${formatIpv4(first)}/${place.prefixLength}`, host: name, mtu }];
  });
  return interfaces.filter(
    (one, index) =>
      interfaces.findIndex(({ network, mtu }) => network === one.network && mtu === one.mtu) === index,
  );
}

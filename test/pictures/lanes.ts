import type { GlusterfsSettings } from '../../playbooks/glusterfs/settings.ts';
import { clientsOf, serversOf } from '../../playbooks/glusterfs/storage.ts';
import { clustersOf } from '../../playbooks/pacemaker/clusters.ts';
import type { Settings as PacemakerSettings } from '../../playbooks/pacemaker/settings.ts';
import type { GaleraSettings } from '../../playbooks/galera/settings.ts';
import type { Inventory, Role, Vip } from '../../src/inventory/types.ts';

/** What a system does on one host. */
export type Mark = 'active' | 'standby' | 'vote' | 'client';

/** One row of a picture: a system, and what it does on which hosts. */
export interface Lane {
  readonly title: string;
  readonly note: string;
  /** Hosts that are one cluster, and are drawn joined; each part in the order of the inventory. */
  readonly parts: readonly (readonly Place[])[];
}

export interface Place {
  readonly host: string;
  readonly mark: Mark;
}

/** Roles of hosts that OpenStack's own services will run on. */
const SERVICES: readonly (readonly [Role, string])[] = [
  ['control', 'OpenStack services'],
  ['dashboard', 'Dashboard'],
  ['network', 'Network services'],
  ['compute', 'Servers'],
];

/** The rows of an inventory's picture, from what clients see to what lies below. */
export function lanesOf(inventory: Inventory): readonly Lane[] {
  const lanes = [
    ...inventory.vips.map((vip) => vipLane(inventory, vip)),
    ...SERVICES.map(([role, title]) => apart(title, '', withRole(inventory, role))),
    haproxyLane(inventory),
    galeraLane(inventory),
    together('RabbitMQ', 'one broker', withRole(inventory, 'messaging')),
    onOneHost(inventory, 'memcached') ?? apart('memcached', '', withRole(inventory, 'cache')),
    together('etcd', 'majority', withRole(inventory, 'coordination')),
    ...glusterLanes(inventory),
    pacemakerLane(inventory),
    apart('Time', 'followed by all', withRole(inventory, 'time')),
  ];
  return lanes.filter(({ parts }) => parts.flat().length > 0);
}

function vipLane(inventory: Inventory, vip: Vip): Lane {
  const manager = vip.by === 'pacemaker' ? 'Pacemaker' : 'keepalived';
  const group = groupWith(inventory, ({ vips }) => vips.includes(vip.name));
  const [first] = group?.prefers ?? vip.holders;
  const places = placesOf(inventory, vip.holders, (host) => (host === first ? 'active' : 'standby'));
  const title = `Virtual IP ${vip.name}`;
  return { title, note: `${vip.address}, ${manager}`, parts: [places] };
}

function haproxyLane(inventory: Inventory): Lane {
  const taken = onOneHost(inventory, 'haproxy');
  if (taken) return { ...taken, title: 'HAProxy' };
  const hosts = inventory.hosts.filter(
    ({ name, roles }) =>
      roles.includes('loadbalancer') ||
      inventory.vips.some(({ holders, haproxy }) => haproxy && holders.includes(name)),
  );
  return apart(
    'HAProxy',
    '',
    hosts.map(({ name }) => name),
  );
}

function galeraLane(inventory: Inventory): Lane {
  const { arbitrator, writers } = inventory.settings['galera'] as GaleraSettings;
  const members = withRole(inventory, 'database');
  const voters = arbitrator === undefined ? members : [...members, arbitrator];
  return {
    title: 'MariaDB Galera',
    note: writers === 'single' ? 'one takes writes' : 'all take writes',
    parts: [
      placesOf(inventory, voters, (host) => {
        if (host === arbitrator) return 'vote';
        return writers === 'all' || host === members[0] ? 'active' : 'standby';
      }),
    ],
  };
}

function glusterLanes(inventory: Inventory): readonly Lane[] {
  const settings = inventory.settings['glusterfs'] as GlusterfsSettings;
  const servers = serversOf(inventory, settings).map(({ name }) => name);
  return Object.entries(settings.volumes).map(([name, volume]) => {
    const clients = clientsOf(inventory, volume).map((host) => host.name);
    return {
      title: `GlusterFS ${name}`,
      note: `${servers.length} copies`,
      parts: [
        placesOf(inventory, servers, () => 'active'),
        ...placesOf(inventory, clients, () => 'client')
          .filter(({ host }) => !servers.includes(host))
          .map((place) => [place]),
      ],
    };
  });
}

function pacemakerLane(inventory: Inventory): Lane {
  const settings = inventory.settings['pacemaker'] as PacemakerSettings;
  const clusters = clustersOf(inventory, settings);
  return {
    title: 'Pacemaker',
    note: clusters.length > 1 ? `${clusters.length} clusters` : 'one cluster',
    parts: clusters.map(({ hosts }) => hosts.map(({ name }) => ({ host: name, mark: 'active' as const }))),
  };
}

/** A service that Pacemaker runs in a group, on one host at a time; undefined where it does not. */
function onOneHost(inventory: Inventory, service: string): Lane | undefined {
  const group = groupWith(inventory, ({ services }) => services.includes(service));
  if (!group) return undefined;
  const holders = inventory.vips
    .filter(({ name }) => group.vips.includes(name))
    .flatMap((vip) => vip.holders);
  const places = placesOf(inventory, holders, (host) => (host === group.prefers[0] ? 'active' : 'standby'));
  return { title: service, note: 'with the virtual IP', parts: [places] };
}

function groupWith(
  inventory: Inventory,
  wanted: (group: PacemakerSettings['groups'][string]) => boolean,
): PacemakerSettings['groups'][string] | undefined {
  const { groups } = inventory.settings['pacemaker'] as PacemakerSettings;
  return Object.values(groups).find(wanted);
}

function withRole(inventory: Inventory, role: Role): readonly string[] {
  return inventory.hosts.filter(({ roles }) => roles.includes(role)).map(({ name }) => name);
}

function apart(title: string, note: string, hosts: readonly string[]): Lane {
  return { title, note, parts: hosts.map((host) => [{ host, mark: 'active' }]) };
}

function together(title: string, note: string, hosts: readonly string[]): Lane {
  return { title, note, parts: [hosts.map((host) => ({ host, mark: 'active' }))] };
}

function placesOf(
  inventory: Inventory,
  names: readonly string[],
  markOf: (host: string) => Mark,
): readonly Place[] {
  return inventory.hosts
    .filter(({ name }) => names.includes(name))
    .map(({ name }) => ({ host: name, mark: markOf(name) }));
}

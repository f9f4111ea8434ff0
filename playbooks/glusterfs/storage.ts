import { chosenHosts, type Host, type Inventory, type mount, type Platform } from 'osha';
import type { Volume } from './cluster/observe.ts';
import { settingsOf, type GlusterfsSettings, type VolumeSettings } from './settings.ts';

type Hosts = Pick<Inventory, 'hosts'>;

/** The hosts with a copy of every volume. */
export function serversOf(inventory: Hosts, settings: GlusterfsSettings): readonly Host[] {
  return Object.keys(settings.volumes).length > 0 ? chosenHosts(settings.servers, inventory.hosts) : [];
}

/** The hosts that mount a volume. */
export function clientsOf(inventory: Hosts, volume: VolumeSettings): readonly Host[] {
  return chosenHosts(volume.on, inventory.hosts);
}

/** The volumes that a host mounts, by name. */
export function mountedOn(
  inventory: Hosts,
  settings: GlusterfsSettings,
  host: Host,
): readonly (readonly [string, VolumeSettings])[] {
  return Object.entries(settings.volumes).filter(([, volume]) => clientsOf(inventory, volume).includes(host));
}

/** Servers and clients, in inventory order. All hosts when no volume names a valid one, so that validation reports it. */
export function hostsOf(inventory: Inventory): readonly Host[] {
  const settings = settingsOf(inventory);
  const servers = serversOf(inventory, settings);
  const named = inventory.hosts.filter(
    (host) => servers.includes(host) || mountedOn(inventory, settings, host).length > 0,
  );
  return Object.keys(settings.volumes).length > 0 && named.length === 0 ? inventory.hosts : named;
}

/**
 * The desired volumes. Only hosts of the deployment may mount one. With three copies, a client that reaches only one of
 * them stops writing, because other clients may write to the other two.
 */
export function volumesOf(inventory: Hosts, settings: GlusterfsSettings): readonly Volume[] {
  const servers = serversOf(inventory, settings);
  return Object.entries(settings.volumes).map(([name, volume]) => {
    const allowed = inventory.hosts.filter(
      (host) => servers.includes(host) || clientsOf(inventory, volume).includes(host),
    );
    return {
      name,
      path: volume.path,
      options: {
        'auth.allow': allowed.map(({ address }) => address).join(','),
        'network.ping-timeout': String(settings.ping_timeout),
        ...(servers.length > 2 ? { 'cluster.quorum-type': 'auto' } : {}),
        ...Object.fromEntries(Object.entries(volume.options).map(([key, value]) => [key, String(value)])),
      },
    };
  });
}

/**
 * The mount of a volume on a host. Any server can provide the list of bricks: a server uses itself first, and every client
 * has the others as fallback.
 */
export function mountOf(
  name: string,
  volume: VolumeSettings,
  servers: readonly Host[],
  host: Host,
  platform: Platform,
): mount.Mount {
  const own = servers.includes(host);
  const order = own ? [host, ...servers.filter((server) => server !== host)] : servers;
  const [first, ...others] = order.map((server) => server.name);
  return {
    what: `${first ?? ''}:/${name}`,
    where: volume.mount,
    type: 'glusterfs',
    options: ['_netdev', ...(others.length > 0 ? [`backup-volfile-servers=${others.join(':')}`] : [])],
    ...(own ? { after: [`${platform.units.glusterd}.service`] } : {}),
  };
}

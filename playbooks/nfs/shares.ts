import { chosenHosts, type Host, type Inventory, type mount } from 'osha';
import { settingsOf, type NfsSettings, type ShareSettings } from './settings.ts';

type Hosts = Pick<Inventory, 'hosts'>;

/** The hosts that mount a share. */
export function clientsOf(inventory: Hosts, share: ShareSettings): readonly Host[] {
  return chosenHosts(share.on, inventory.hosts);
}

/** The shares that a host serves. */
export function servedBy(settings: NfsSettings, host: Host): readonly ShareSettings[] {
  return Object.values(settings.shares).filter(({ server }) => server === host.name);
}

/** The hosts that serve a share, in the inventory's order. */
export function serversOf(inventory: Hosts, settings: NfsSettings): readonly Host[] {
  return inventory.hosts.filter((host) => servedBy(settings, host).length > 0);
}

/** Servers and clients, in the inventory's order. Every host where shares name none: the mistake is told then. */
export function hostsOf(inventory: Inventory): readonly Host[] {
  const settings = settingsOf(inventory);
  const shares = Object.values(settings.shares);
  const named = inventory.hosts.filter(
    (host) =>
      servedBy(settings, host).length > 0 ||
      shares.some((share) => clientsOf(inventory, share).includes(host)),
  );
  return shares.length > 0 && named.length === 0 ? inventory.hosts : named;
}

/** What a server exports to whom: one line for each share, every client by its own address. */
export function exportsFile(inventory: Hosts, settings: NfsSettings, server: Host): string {
  const lines = servedBy(settings, server).map((share) => {
    const clients = clientsOf(inventory, share).filter((client) => client !== server);
    return `${share.path} ${clients.map(({ address }) => `${address}(${share.export})`).join(' ')}`;
  });
  return ['# Placed by osha.', ...lines, ''].join('\n');
}

/**
 * What a host mounts. On the server itself the directory is bound to the mount point: an NFS mount of one's own disk can
 * come to a standstill when memory is short.
 */
export function mountsOf(inventory: Hosts, settings: NfsSettings): (host: Host) => readonly mount.Mount[] {
  return (host) =>
    Object.values(settings.shares)
      .filter((share) => clientsOf(inventory, share).includes(host))
      .flatMap((share): readonly mount.Mount[] => {
        const where = share.mount;
        if (share.server !== host.name) {
          const what = `${share.server}:${share.path}`;
          return [{ what, where, type: 'nfs', options: ['_netdev', ...share.options.split(',')] }];
        }
        return share.path === where ? [] : [{ what: share.path, where, type: 'none', options: ['bind'] }];
      });
}

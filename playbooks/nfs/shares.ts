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

/** The hosts that serve a share, in inventory order. */
export function serversOf(inventory: Hosts, settings: NfsSettings): readonly Host[] {
  return inventory.hosts.filter((host) => servedBy(settings, host).length > 0);
}

/** Servers and clients, in inventory order. All hosts when no share names a valid one, so that validation reports it. */
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

/** The exports file of a server: one line for each share, with the address of every client. */
export function exportsFile(inventory: Hosts, settings: NfsSettings, server: Host): string {
  const lines = servedBy(settings, server).map((share) => {
    const clients = clientsOf(inventory, share).filter((client) => client !== server);
    return `${share.path} ${clients.map(({ address }) => `${address}(${share.export})`).join(' ')}`;
  });
  return ['# Placed by osha.', ...lines, ''].join('\n');
}

/**
 * The mounts of a host. On the server itself the directory is bind-mounted: NFS over loopback can deadlock under memory
 * pressure.
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

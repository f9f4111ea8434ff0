import { ini } from 'osha';
import type { Host, IniSections, Inventory, Secret, SecretText } from 'osha';
import { SERVICES } from '../openstack/services.ts';
import {
  accountSection,
  databaseSection,
  messagingSection,
  PROXY_HEADERS,
  tokenSection,
  type Site,
} from '../openstack/site.ts';

/** Where a host's servers find their own data; only other hosts of the cloud ask there. */
export const METADATA_PORT = 8775;

/** Where a browser gets the screen of a server. */
export const CONSOLE_PORT = 6080;

export interface NovaInput {
  readonly host: Host;
  readonly inventory: Inventory;
  readonly site: Site;
  /** What the metadata agents of Neutron prove themselves with. */
  readonly metadataSecret: Secret;
}

/** What hosts of the control plane and compute hosts have in common. */
function common({ host, inventory, site }: NovaInput): IniSections {
  return {
    DEFAULT: {
      log_dir: '/var/log/nova',
      state_path: '/var/lib/nova',
      my_ip: host.address,
      // The cluster knows a host by its name in the inventory, whatever its resolver says.
      host: host.name,
      transport_url: site.transport,
    },
    oslo_messaging_rabbit: messagingSection(inventory) ?? {},
    oslo_concurrency: { lock_path: '/var/lock/nova' },
    keystone_authtoken: tokenSection(site, 'compute') ?? {},
    service_user: { send_service_user_token: true, ...accountSection(site, 'compute') },
    placement: accountSection(site, 'placement') ?? {},
    glance: { api_servers: site.root('image') },
    cinder: { os_region_name: site.settings.region, ...accountSection(site, 'compute') },
  };
}

/** `nova.conf` of a host of the control plane. */
export function controlConf(input: NovaInput): SecretText {
  const { host, site, metadataSecret } = input;
  const base = common(input);
  const { workers } = site.settings;
  return ini({
    ...base,
    api: { auth_strategy: 'keystone' },
    api_database: databaseSection(site.database('compute', 'nova_api')),
    database: databaseSection(site.database('compute', 'nova')),
    neutron: {
      ...accountSection(site, 'network'),
      service_metadata_proxy: true,
      metadata_proxy_shared_secret: metadataSecret,
    },
    conductor: { workers },
    scheduler: { workers, discover_hosts_in_cells_interval: 60 },
    cache: {
      enabled: true,
      backend: 'oslo_cache.memcache_pool',
      memcache_servers: site.caches,
      memcache_dead_retry: 60,
    },
    vnc: {
      enabled: true,
      server_listen: host.address,
      server_proxyclient_address: host.address,
      novncproxy_host: host.address,
      novncproxy_port: CONSOLE_PORT,
    },
    oslo_middleware: PROXY_HEADERS,
  });
}

/** `nova.conf` of a compute host. It never speaks to a database: conductors do that for it. */
export function computeConf(input: NovaInput): SecretText {
  const { host, site } = input;
  const scheme = site.ca === undefined ? 'http' : 'https';
  return ini({
    ...common(input),
    neutron: accountSection(site, 'network') ?? {},
    vnc: {
      enabled: true,
      server_listen: host.address,
      server_proxyclient_address: host.address,
      novncproxy_base_url: `${scheme}://${site.api.address}:${CONSOLE_PORT}/vnc_auto.html`,
    },
  });
}

/** The facts of Nova that the playbooks share. */
export const NOVA = SERVICES.compute;

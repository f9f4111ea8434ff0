import { type Host, ini, type IniSections, type Inventory, type Secret, type SecretText } from 'osha';
import {
  accountSection,
  databaseSection,
  messagingSection,
  PROXY_HEADERS,
  tokenSection,
  type Site,
} from '../../openstack/site.ts';

export const CONF = '/etc/nova/nova.conf';

/** The port of the noVNC proxy, which shows servers' consoles in browsers. */
export const CONSOLE_PORT = 6080;

export interface NovaInput {
  readonly host: Host;
  readonly inventory: Inventory;
  readonly site: Site;
  /** Neutron's metadata agents authenticate with this. */
  readonly metadataSecret: Secret;
}

/** `nova.conf` of one host: a control host, a compute host, or both. */
export function novaConf(input: NovaInput): SecretText {
  const control = input.host.roles.includes('control');
  return ini({ ...common(input), ...(control ? controlPlane(input) : computeOnly(input)) });
}

/** Sections of control and compute hosts. */
function common({ host, inventory, site }: NovaInput): IniSections {
  return {
    DEFAULT: {
      log_dir: '/var/log/nova',
      state_path: '/var/lib/nova',
      my_ip: host.address,
      // The cloud identifies a host by its name in the inventory, not by its hostname.
      host: host.name,
      transport_url: site.transport,
    },
    oslo_messaging_rabbit: messagingSection(inventory),
    oslo_concurrency: { lock_path: '/var/lock/nova' },
    service_user: { send_service_user_token: true, ...accountSection(site, 'compute') },
    placement: accountSection(site, 'placement'),
    glance: { api_servers: site.internal.root('image'), cafile: site.ca },
    cinder: {
      // The default is the public endpoint, which a compute host may not reach.
      catalog_info: 'volumev3::internalURL',
      os_region_name: site.settings.region,
      ...accountSection(site, 'compute'),
    },
    vnc: {
      enabled: true,
      server_listen: host.address,
      server_proxyclient_address: host.address,
      novncproxy_host: host.address,
      novncproxy_port: CONSOLE_PORT,
      novncproxy_base_url: `${site.public.scheme}://${site.public.vip.address}:${CONSOLE_PORT}/vnc_auto.html`,
    },
  };
}

function controlPlane({ site, metadataSecret }: NovaInput): IniSections {
  const { workers } = site.settings;
  return {
    api: { auth_strategy: 'keystone' },
    keystone_authtoken: tokenSection(site, 'compute'),
    api_database: databaseSection(site.database('compute', 'nova_api')),
    database: databaseSection(site.database('compute', 'nova')),
    neutron: {
      ...accountSection(site, 'network'),
      service_metadata_proxy: true,
      metadata_proxy_shared_secret: metadataSecret,
    },
    conductor: { workers },
    // Nova discovers new compute hosts itself, within 60 s.
    scheduler: { workers, discover_hosts_in_cells_interval: 60 },
    cache: {
      enabled: true,
      backend: 'oslo_cache.memcache_pool',
      memcache_servers: site.caches,
      memcache_dead_retry: 60,
    },
    oslo_middleware: PROXY_HEADERS,
  };
}

/** A compute host has no database connection; conductors access the database for it. */
function computeOnly({ site }: NovaInput): IniSections {
  return { neutron: accountSection(site, 'network') };
}

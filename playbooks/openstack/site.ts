import {
  type Frontend,
  type Host,
  hostsWith,
  type IniSections,
  type Inventory,
  type Platform,
  type Secret,
  type SecretText,
  type Takeover,
  text,
} from 'osha';
import { vipOf } from '../haproxy/vips.ts';
import { settingsOf as brokerSettings, queuesOf } from '../rabbitmq/settings.ts';
import {
  endpointsAt,
  internalVip,
  needsAuthority,
  publicVip,
  requiredVip,
  type Endpoints,
} from './endpoints.ts';
import { accountSecret, databaseSecret } from './secrets.ts';
import { SERVICES, type ServiceName } from './services.ts';
import { apisOf, settingsOf, type OpenstackSettings } from './settings.ts';

/** Keys and values of one section. */
type Section = IniSections[string];
type Secrets = Readonly<Partial<Record<string, Secret>>>;

/** What all services of a cloud have in common, made from the inventory alone. */
export interface Site {
  readonly settings: OpenstackSettings;
  /** Hosts of the control plane. */
  readonly control: readonly Host[];
  /** Where its users find its services. */
  readonly public: Endpoints;
  /** Where the services find each other, and osha finds them from the hosts; may be the same. */
  readonly internal: Endpoints;
  /** Where the databases answer: HAProxy, on their virtual IP. */
  readonly databaseServer: { readonly address: string; readonly port: number };
  /** The URL of one of a service's databases, as SQLAlchemy reads it. */
  database(service: ServiceName, name: string): SecretText;
  databasePassword(service: ServiceName): Secret;
  accountPassword(service: ServiceName): Secret;
  readonly adminPassword: Secret;
  /** How many brokers there are. */
  readonly brokers: number;
  /** All of them, for oslo.messaging. */
  readonly transport: SecretText;
  /** Every cache, as `address:port`. */
  readonly caches: readonly string[];
  /** On the hosts: the certificate to trust, where the internal endpoints speak TLS with osha's own CA. */
  readonly ca?: string;
}

export interface SiteInput {
  readonly inventory: Inventory;
  readonly secrets: Secrets;
  readonly platform: Platform;
  /** Where the databases and brokers answer, their own playbooks say. */
  readonly frontends: readonly Frontend[];
  /** What a cluster manager runs instead of the init system; default nothing. */
  readonly takeovers?: readonly Takeover[];
}

/** See `Site`. Throws where a secret is missing that a playbook has not declared: a defect. */
export function siteOf({ inventory, secrets, platform, frontends }: SiteInput): Site {
  const secret = (name: string): Secret => {
    const found = secrets[name];
    if (!found) throw new Error(`the secret ${name} was not declared`);
    return found;
  };
  const internal = internalVip(inventory);
  const declared = (name: string): Frontend => {
    const found = frontends.find((frontend) => frontend.name === name);
    if (!found) throw new Error(`OpenStack needs what stands behind the frontend ${name}`);
    return found;
  };
  const database = declared('database');
  const databaseServer = { address: requiredVip(vipOf(database, inventory)).address, port: database.port };
  return {
    settings: settingsOf(inventory),
    control: hostsWith(inventory, 'control'),
    public: endpointsAt(inventory, publicVip(inventory)),
    internal: endpointsAt(inventory, internal),
    databaseServer,
    database: (service, name) =>
      text`mysql+pymysql://${SERVICES[service].name}:${secret(databaseSecret(service))}@${databaseServer.address}:${databaseServer.port}/${name}`,
    databasePassword: (service) => secret(databaseSecret(service)),
    accountPassword: (service) => secret(accountSecret(service)),
    adminPassword: secret('openstackAdmin'),
    brokers: declared('broker').servers.length,
    get transport() {
      const password = secret('rabbitmqOpenstack');
      const nodes = declared('broker').servers.flatMap(({ address, port }, index) => [
        index > 0 ? ',' : '',
        text`openstack:${password}@${address}:${port}`,
      ]);
      return nodes.reduce<SecretText>((whole, part) => text`${whole}${part}`, text`rabbit://`);
    },
    caches: hostsWith(inventory, 'cache').map((host) => `${host.address}:11211`),
    ...(needsAuthority(inventory, internal) ? { ca: platform.paths.authority } : {}),
  };
}

/** How often a lost database is tried again, and when a connection that rests too long is given up (HAProxy ends it after 90 minutes). */
export function databaseSection(connection: SecretText): Section {
  return {
    connection,
    max_retries: -1,
    db_max_retries: -1,
    connection_recycle_time: 3600,
    // Each worker has a pool of its own.
    max_pool_size: 5,
    max_overflow: 10,
  };
}

/**
 * The services' way to the brokers. A node that is gone is left for the next one within seconds; queues outlive a node
 * by the policy of the cluster, or are quorum queues.
 */
export function messagingSection(inventory: Inventory): Section {
  const quorum = queuesOf(inventory, brokerSettings(inventory)) === 'quorum';
  return {
    rabbit_retry_interval: 1,
    rabbit_retry_backoff: 2,
    rabbit_interval_max: 10,
    heartbeat_timeout_threshold: 30,
    kombu_reconnect_delay: 0.5,
    ...(quorum ? { amqp_durable_queues: true, rabbit_quorum_queue: true } : {}),
  };
}

/** How a service logs in to Keystone with its own account. */
export function accountSection(site: Site, service: ServiceName): Section {
  return {
    auth_type: 'password',
    auth_url: site.internal.root('identity'),
    project_domain_name: 'Default',
    user_domain_name: 'Default',
    project_name: 'service',
    username: SERVICES[service].name,
    password: site.accountPassword(service),
    region_name: site.settings.region,
    ...(site.ca === undefined ? {} : { cafile: site.ca }),
  };
}

/** The same for calling a service that this cloud may not have: then nothing. */
export function callerSection(site: Site, service: ServiceName, more: Section): Section {
  return apisOf(site.settings).includes(service) ? { ...more, ...accountSection(site, service) } : {};
}

/** How a service has the tokens of its callers checked. A dead cache is left alone for a while, not waited for each time. */
export function tokenSection(site: Site, service: ServiceName): Section {
  return {
    ...accountSection(site, service),
    www_authenticate_uri: site.public.root('identity'),
    memcached_servers: site.caches,
    memcache_use_advanced_pool: true,
    memcache_pool_dead_retry: 60,
    memcache_pool_socket_timeout: 2,
    service_token_roles: 'service',
    service_token_roles_required: true,
  };
}

/** HAProxy tells them how the client came: by TLS or not. */
export const PROXY_HEADERS: Section = { enable_proxy_headers_parsing: true };

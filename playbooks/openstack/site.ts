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
import type { ApiSession } from './operations/api-session.ts';
import { accountSecret, databaseSecret } from './secrets.ts';
import { SERVICES, type ServiceName } from './services.ts';
import { apisOf, settingsOf, type OpenstackSettings } from './settings.ts';

/** Keys and values of one section. */
type Section = IniSections[string];
type Secrets = Readonly<Partial<Record<string, Secret>>>;

/** What the configurations of all services share, computed from the inventory alone. */
export interface Site {
  readonly settings: OpenstackSettings;
  /** Control hosts. */
  readonly control: readonly Host[];
  /** The endpoints for users. */
  readonly public: Endpoints;
  /** The endpoints that services, and osha on the hosts, use; may be the same. */
  readonly internal: Endpoints;
  /** The address of HAProxy's database frontend. */
  readonly databaseServer: { readonly address: string; readonly port: number };
  /** The SQLAlchemy URL of one of a service's databases. */
  database(service: ServiceName, name: string): SecretText;
  databasePassword(service: ServiceName): Secret;
  accountPassword(service: ServiceName): Secret;
  readonly adminPassword: Secret;
  /** The number of brokers. */
  readonly brokers: number;
  /** The `transport_url` of oslo.messaging, with all brokers. */
  readonly transport: SecretText;
  /** All caches, as `address:port`. */
  readonly caches: readonly string[];
  /** The path of the CA certificate on the hosts, if the internal endpoints use TLS with osha's CA. */
  readonly ca?: string;
}

export interface SiteInput {
  readonly inventory: Inventory;
  readonly secrets: Secrets;
  readonly platform: Platform;
  /** Declared by all playbooks; tell where databases and brokers listen. */
  readonly frontends: readonly Frontend[];
  /** Units that a cluster manager runs instead of the init system; default none. */
  readonly takeovers?: readonly Takeover[];
}

/** Computes the `Site`. Throws if a playbook did not declare a secret or a frontend that it needs: a defect. */
export function siteOf({ inventory, secrets, platform, frontends }: SiteInput): Site {
  const secret = (name: string): Secret => {
    const found = secrets[name];
    if (!found) throw new Error(`the secret ${name} was not declared`);
    return found;
  };
  const internal = internalVip(inventory);
  const declared = (name: string): Frontend => {
    const found = frontends.find((frontend) => frontend.name === name);
    if (!found) throw new Error(`no playbook declares the frontend ${name}, which OpenStack needs`);
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
    get adminPassword() {
      return secret('openstackAdmin');
    },
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

/** A login as administrator at the virtual IP, or, where that fails, at one of the control hosts. */
export function adminSession(site: Site): ApiSession {
  const { port, path } = SERVICES.identity;
  return {
    authUrl: site.internal.url('identity'),
    otherUrls: site.control.map(({ address }) => `http://${address}:${port}${path}`),
    user: 'admin',
    project: 'admin',
    password: site.adminPassword,
    ...(site.ca === undefined ? {} : { ca: site.ca }),
  };
}

/** A database section. Retries a lost database without limit, and closes connections after an hour: HAProxy cuts idle ones after 90 minutes. */
export function databaseSection(connection: SecretText): Section {
  return {
    connection,
    max_retries: -1,
    db_max_retries: -1,
    connection_recycle_time: 3600,
    // Each worker has its own pool.
    max_pool_size: 5,
    max_overflow: 10,
  };
}

/**
 * How services use the brokers: they fail over to another node within seconds. Queues survive the loss of a node because
 * the broker's policy mirrors them, or because they are quorum queues.
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

/** The Keystone login of a service's own account. */
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

/** The same login for calling an optional service; empty if the cloud lacks that service. */
export function callerSection(site: Site, service: ServiceName, more: Section): Section {
  return apisOf(site.settings).includes(service) ? { ...more, ...accountSection(site, service) } : {};
}

/** How a service validates its callers' tokens. A dead cache is skipped for 60 s instead of timing out on each request. */
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

/** Trusts HAProxy's headers, which say whether the client used TLS. */
export const PROXY_HEADERS: Section = { enable_proxy_headers_parsing: true };

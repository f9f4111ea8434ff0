import { type SecretRule, token, carried, type CarriedSecret, type Host, type Inventory } from 'osha';
import { SERVICES, type ServiceName } from './services.ts';
import { apisOf, settingsOf } from './settings.ts';

/** The cloud administrator's password; every service's playbook logs in with it. */
export const ADMIN = {
  openstackAdmin: token("Password of the cloud's administrator, whose name is admin"),
};

/** The broker account that all services share; the RabbitMQ playbook creates it. */
export const BROKER = { rabbitmqOpenstack: token("Password of the services' user of RabbitMQ") };

/** Neutron's metadata agents authenticate to Nova with this. */
export const METADATA = {
  metadataProxy: token('Shared secret of the metadata agents on network hosts and Nova'),
};

/** The name of the secret that holds a service's database password. */
export function databaseSecret(service: ServiceName): `${string}Database` {
  return `${SERVICES[service].name}Database`;
}

/** The name of the secret that holds the password of a service's Keystone account. */
export function accountSecret(service: ServiceName): `${string}Account` {
  return `${SERVICES[service].name}Account`;
}

/** The rules of both secrets of a service. */
function secretsOf(service: ServiceName): Readonly<Record<string, SecretRule>> {
  const { name } = SERVICES[service];
  return {
    [databaseSecret(service)]: token(`Password of ${name}'s database account`),
    [accountSecret(service)]: token(`Password of ${name}'s account of Keystone`),
  };
}

/** Secrets that a playbook needs to render the files of its service. */
interface Access {
  /** Services whose database it connects to. */
  readonly databases?: readonly ServiceName[];
  /** Services whose Keystone account it logs in with. */
  readonly accounts?: readonly ServiceName[];
}

/** The rules of a playbook's `Access`, without services that the inventory does not enable. */
export function accessSecrets(
  inventory: Pick<Inventory, 'settings'>,
  { databases = [], accounts = [] }: Access,
): Readonly<Record<string, SecretRule>> {
  const needed = new Set<string>([...databases.map(databaseSecret), ...accounts.map(accountSecret)]);
  const rules = apisOf(settingsOf(inventory)).flatMap((service) => Object.entries(secretsOf(service)));
  return Object.fromEntries(rules.filter(([name]) => needed.has(name)));
}

/** Where a service's configuration file holds its database password. */
export function databaseCarried(
  service: ServiceName,
  hosts: readonly Host[],
  path: string,
  section = 'database',
): CarriedSecret {
  const after = `://${SERVICES[service].name}:`;
  return carried.inLine(databaseSecret(service), hosts, path, { section, line: 'connection', after });
}

/** Where a service's configuration file holds the password of its Keystone account. */
export function accountCarried(
  service: ServiceName,
  hosts: readonly Host[],
  path: string,
  section = 'keystone_authtoken',
): CarriedSecret {
  return carried.inLine(accountSecret(service), hosts, path, { section, line: 'password' });
}

/** Where a service's configuration file holds the broker's password. */
export function brokerCarried(hosts: readonly Host[], path: string): CarriedSecret {
  const where = { section: 'DEFAULT', line: 'transport_url', after: '://openstack:' };
  return carried.inLine('rabbitmqOpenstack', hosts, path, where);
}

/** Where a configuration file of Nova or Neutron holds the metadata secret. */
export function metadataCarried(hosts: readonly Host[], path: string, section: string): CarriedSecret {
  return carried.inLine('metadataProxy', hosts, path, { section, line: 'metadata_proxy_shared_secret' });
}

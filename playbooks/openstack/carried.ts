import { carried, type CarriedSecret, type Host } from 'osha';
import { accountSecret, databaseSecret } from './secrets.ts';
import { SERVICES, type ServiceName } from './services.ts';

/** Where a service's file has the password of its database account. */
export function databaseCarried(
  service: ServiceName,
  hosts: readonly Host[],
  path: string,
  section = 'database',
): CarriedSecret {
  const after = `://${SERVICES[service].name}:`;
  return carried.inLine(databaseSecret(service), hosts, path, { section, line: 'connection', after });
}

/** Where a service's file has the password of its account of Keystone. */
export function accountCarried(
  service: ServiceName,
  hosts: readonly Host[],
  path: string,
  section = 'keystone_authtoken',
): CarriedSecret {
  return carried.inLine(accountSecret(service), hosts, path, { section, line: 'password' });
}

/** Where a service's file has the password of the broker. */
export function brokerCarried(hosts: readonly Host[], path: string): CarriedSecret {
  const where = { section: 'DEFAULT', line: 'transport_url', after: '://openstack:' };
  return carried.inLine('rabbitmqOpenstack', hosts, path, where);
}

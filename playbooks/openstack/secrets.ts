import { type SecretRule, token } from 'osha';
import { SERVICES, type ServiceName } from './services.ts';

/** The password of the cloud's administrator, which every service's playbook logs in with. */
export const ADMIN = {
  openstackAdmin: token("Password of the cloud's administrator, whose name is admin"),
};

/** The broker's account of all services; the broker's own playbook makes it. */
export const BROKER = { rabbitmqOpenstack: token("Password of the services' user of RabbitMQ") };

/** The name of the secret with a service's database password. */
export function databaseSecret(service: ServiceName): `${string}Database` {
  return `${SERVICES[service].name}Database`;
}

/** The name of the secret with the password of a service's own account of Keystone. */
export function accountSecret(service: ServiceName): `${string}Account` {
  return `${SERVICES[service].name}Account`;
}

/** Both secrets of a service, and what goes with them. */
export function secretsOf(service: ServiceName): Readonly<Record<string, SecretRule>> {
  const { name } = SERVICES[service];
  return {
    [databaseSecret(service)]: token(`Password of ${name}'s database account`),
    [accountSecret(service)]: token(`Password of ${name}'s account of Keystone`),
  };
}

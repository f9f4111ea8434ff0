import { type Secret, type SecretText, text } from 'osha';
import type { Site } from './site.ts';

/** On the hosts of the control plane, for root alone. */
export const OPENRC = '/root/admin-openrc';
export const CLOUDS = '/etc/openstack/clouds.yaml';

/** What has to be known to log in, which depends on where one is. */
export interface Login {
  readonly authUrl: string;
  readonly region: string;
  /** Which of a service's endpoints to use, where it is not the public one. */
  readonly interface?: 'internal';
  /** The certificate to trust, where the system does not know it. */
  readonly ca?: string | undefined;
}

/** That of the hosts themselves. */
export function loginOnHosts({ public: users, internal, settings, ca }: Site): Login {
  return {
    authUrl: internal.url('identity'),
    region: settings.region,
    ...(internal.vip.name === users.vip.name ? {} : { interface: 'internal' }),
    ...(ca === undefined ? {} : { ca }),
  };
}

/** Variables that the command-line client reads: `. admin-openrc; openstack token issue`. */
export function adminOpenrc(login: Login, password: Secret): SecretText {
  return text`# Placed by osha.
export OS_AUTH_URL=${login.authUrl}
export OS_USERNAME=admin
export OS_PASSWORD=${password}
export OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default
export OS_PROJECT_DOMAIN_NAME=Default
export OS_REGION_NAME=${login.region}
export OS_IDENTITY_API_VERSION=3
${[
  ...(login.interface === undefined ? [] : [`export OS_INTERFACE=${login.interface}`]),
  ...(login.ca === undefined ? [] : [`export OS_CACERT=${login.ca}`]),
]}`;
}

/** The same for `openstack --os-cloud NAME`. */
export function cloudsYaml(login: Login, name: string, password: Secret): SecretText {
  return text`# Placed by osha.
clouds:
  ${name}:
    region_name: ${login.region}
    identity_api_version: 3
${[
  ...(login.interface === undefined ? [] : [`    interface: ${login.interface}`]),
  ...(login.ca === undefined ? [] : [`    cacert: ${login.ca}`]),
]}
    auth:
      auth_url: ${login.authUrl}
      username: admin
      password: ${password}
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
`;
}

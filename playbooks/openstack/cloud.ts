import {
  type DeclaredCloud,
  holdersOf,
  hostsWith,
  type Inventory,
  tls,
  type Secret,
  type SecretText,
  text,
} from 'osha';
import { settingsOf as haproxySettings } from '../haproxy/settings.ts';
import { PHYSICAL_NETWORK, settingsOf as neutronSettings } from '../neutron/settings.ts';
import { endpointsAt, needsAuthority, publicVip } from './endpoints.ts';
import { SERVICES } from './services.ts';
import { apisOf, servicesOf, settingsOf } from './settings.ts';
import type { Site } from './site.ts';

/** On control hosts, readable by root only. */
export const OPENRC = '/root/admin-openrc';
export const CLOUDS = '/etc/openstack/clouds.yaml';

/** The cloud as the operator's machine sees it; undefined if the inventory has none. */
export function declareCloud(inventory: Inventory): DeclaredCloud | undefined {
  if (!servicesOf(inventory).includes('identity')) return undefined;
  const users = endpointsAt(inventory, publicVip(inventory));
  const settings = settingsOf(inventory);
  const login = { authUrl: users.url('identity'), region: settings.region };
  const { external } = neutronSettings(inventory);
  return {
    ...login,
    user: 'admin',
    project: 'admin',
    password: 'openstackAdmin',
    byAuthority: needsAuthority(inventory, users.vip),
    ownCertificate: () => {
      const { certificate, key } = haproxySettings(inventory).tls[users.vip.name] ?? {};
      if (certificate === undefined || key === undefined) return undefined;
      return tls.readCertificateFiles(inventory, { certificate, key }).certificate;
    },
    services: apisOf(settings),
    entrances: holdersOf(inventory, users.vip),
    control: hostsWith(inventory, 'control'),
    network: hostsWith(inventory, 'network'),
    compute: hostsWith(inventory, 'compute'),
    imagePort: SERVICES.image.port,
    outside: external && {
      physicalNetwork: PHYSICAL_NETWORK,
      subnet: external.subnet,
      gateway: external.gateway,
      floating: external.floating,
    },
    openrc: ({ ca }, password) => adminOpenrc({ ...login, ca }, password),
    cloudsYaml: ({ ca }, password) => cloudsYaml({ ...login, ca }, inventory.name, password),
  };
}

/** How a client logs in; depends on where it runs. */
interface Login {
  readonly authUrl: string;
  readonly region: string;
  /** The endpoint interface to use; absent for the public one. */
  readonly interface?: 'internal';
  /** The certificate to trust, if the system store lacks it. */
  readonly ca?: string | undefined;
}

/** The login for clients on the hosts themselves. */
export function loginOnHosts({ public: users, internal, settings, ca }: Site): Login {
  return {
    authUrl: internal.url('identity'),
    region: settings.region,
    ...(internal.vip.name === users.vip.name ? {} : { interface: 'internal' }),
    ...(ca === undefined ? {} : { ca }),
  };
}

/** The environment of the command-line client: `. admin-openrc; openstack token issue`. */
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

/** The same login for `openstack --os-cloud NAME`. */
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

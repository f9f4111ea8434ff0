import { text } from 'osha';
import type { Secret, SecretText } from 'osha';
import type { Site } from './site.ts';

/** On the hosts of the control plane, for root alone. */
export const OPENRC = '/root/admin-openrc';
export const CLOUDS = '/etc/openstack/clouds.yaml';

/** What has to be known to log in: of a site, or as seen from somewhere else. */
type Entrance = Pick<Site, 'url' | 'settings' | 'ca'>;

/** Variables that the command-line client reads: `. admin-openrc; openstack token issue`. */
export function adminOpenrc(site: Entrance, password: Secret): SecretText {
  return text`# Placed by osha.
export OS_AUTH_URL=${site.url('identity')}
export OS_USERNAME=admin
export OS_PASSWORD=${password}
export OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default
export OS_PROJECT_DOMAIN_NAME=Default
export OS_REGION_NAME=${site.settings.region}
export OS_IDENTITY_API_VERSION=3
${site.ca === undefined ? [] : [`export OS_CACERT=${site.ca}`]}`;
}

/** The same for `openstack --os-cloud NAME`. */
export function cloudsYaml(site: Entrance, name: string, password: Secret): SecretText {
  return text`# Placed by osha.
clouds:
  ${name}:
    region_name: ${site.settings.region}
    identity_api_version: 3
${site.ca === undefined ? [] : [`    cacert: ${site.ca}`]}
    auth:
      auth_url: ${site.url('identity')}
      username: admin
      password: ${password}
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
`;
}

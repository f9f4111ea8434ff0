import { SERVICES, type ServiceName } from '../openstack/services.ts';
import { apisOf } from '../openstack/settings.ts';
import type { Site } from '../openstack/site.ts';
import type { DesiredIdentity, EndpointUrls } from './identity/state.ts';

/** The project of the services' own accounts. */
const SERVICE_PROJECT = 'service';

/** A service's three endpoints. */
export function urlsOf(site: Site, service: ServiceName): EndpointUrls {
  const internal = site.internal.url(service);
  return { public: site.public.url(service), internal, admin: internal };
}

/** Every service that is asked for: its account, and where it answers. */
export function identityOf(site: Site): DesiredIdentity {
  const asked = apisOf(site.settings);
  return {
    region: site.settings.region,
    projects: [SERVICE_PROJECT],
    // What a service proves to another one that it calls on a user's behalf.
    roles: ['service'],
    accounts: asked
      .filter((service) => service !== 'identity')
      .map((service) => ({
        name: SERVICES[service].name,
        password: site.accountPassword(service),
        project: SERVICE_PROJECT,
        roles: ['admin', 'service'],
      })),
    catalogue: asked.map((service) => {
      const { name, type, description } = SERVICES[service];
      return { name, type, description, urls: urlsOf(site, service) };
    }),
  };
}

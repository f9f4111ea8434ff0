import type { Api } from '../api.ts';
import type { Cloud } from '../cloud.ts';
import { CloudError } from '../errors.ts';

/** Every service of the inventory is in the catalogue, at the virtual IP. Returns what was seen. */
export async function checkCatalogue(api: Api, cloud: Cloud): Promise<string> {
  const catalogue = await api.catalogue();
  const { hostname } = new URL(cloud.credentials.authUrl);
  for (const service of cloud.services) {
    const url = catalogue.url(service, '/');
    if (url.hostname !== hostname) {
      throw new CloudError(
        `identity: the catalogue says that ${service} is at ${url.host}, and not at ${hostname}`,
        {
          service: 'identity',
          hint: 'a deployment registers it at the virtual IP: osha deploy INVENTORY',
        },
      );
    }
  }
  // The only one that no other part asks.
  if (cloud.services.includes('placement')) await api.get('placement', '/');
  return `${cloud.services.length} services in the catalogue, all at ${hostname}`;
}

import type { CloudService } from '../playbook/cloud.ts';
import { CloudError } from './errors.ts';

/** The types in the catalogue of each service in an inventory. */
const TYPES = {
  identity: ['identity'],
  image: ['image'],
  placement: ['placement'],
  network: ['network'],
  compute: ['compute'],
  volume: ['volumev3', 'block-storage'],
} as const satisfies Readonly<Record<CloudService, readonly string[]>>;

/** The catalogue in Keystone's response to a login. */
export type CatalogueBody = readonly {
  readonly type: string;
  readonly endpoints: readonly {
    readonly interface: string;
    readonly region?: string;
    readonly region_id?: string;
    readonly url: string;
  }[];
}[];

/** The public endpoints of the services in one region. */
export class Catalogue {
  readonly #urls: ReadonlyMap<CloudService, string>;

  constructor(body: CatalogueBody, region: string) {
    const urls = Object.entries(TYPES).flatMap(
      ([service, types]): readonly (readonly [CloudService, string])[] => {
        const endpoints = body.flatMap(({ type, endpoints }) =>
          (types as readonly string[]).includes(type) ? endpoints : [],
        );
        const found = endpoints.find(
          (endpoint) => endpoint.interface === 'public' && (endpoint.region_id ?? endpoint.region) === region,
        );
        return found ? [[service as CloudService, found.url.replace(/\/+$/, '')]] : [];
      },
    );
    this.#urls = new Map(urls);
  }

  has(service: CloudService): boolean {
    return this.#urls.has(service);
  }

  /** The URL of a path of a service. Throws `CloudError` if the catalogue lacks the service. */
  url(service: CloudService, path: string): URL {
    const base = this.#urls.get(service);
    if (base === undefined) {
      throw new CloudError(`the catalogue has no public endpoint of the service ${service}`, {
        service,
        hint: 'register it: osha deploy INVENTORY --only keystone',
      });
    }
    return new URL(base + path);
  }
}

import type { CloudService } from '../playbook/cloud.ts';
import { CloudError } from './errors.ts';

/** The services that are talked to, by what an inventory calls them, and their types in the catalogue. */
const TYPES = {
  identity: ['identity'],
  image: ['image'],
  placement: ['placement'],
  network: ['network'],
  compute: ['compute'],
  volume: ['volumev3', 'block-storage'],
} as const satisfies Readonly<Record<CloudService, readonly string[]>>;

/** A token's catalogue, as Keystone gives it. */
export type CatalogueBody = readonly {
  readonly type: string;
  readonly endpoints: readonly {
    readonly interface: string;
    readonly region?: string;
    readonly region_id?: string;
    readonly url: string;
  }[];
}[];

/** Where services answer. */
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

  /** The URL of a path of a service. Throws `CloudError` where the catalogue has no such service. */
  url(service: CloudService, path: string): URL {
    const base = this.#urls.get(service);
    if (base === undefined) {
      throw new CloudError(`the catalogue has no public endpoint of the service ${service}`, {
        service,
        hint: 'a deployment registers them: osha deploy INVENTORY',
      });
    }
    return new URL(base + path);
  }
}

import { expect, it } from 'vitest';
import { Catalogue, type CatalogueBody } from '../../src/cloud/catalogue.ts';

const endpoint = (url: string, more = {}): CatalogueBody[number]['endpoints'][number] => ({
  interface: 'public',
  region: 'RegionOne',
  region_id: 'RegionOne',
  url,
  ...more,
});

const catalogue = new Catalogue(
  [
    {
      type: 'compute',
      endpoints: [
        endpoint('http://10.0.0.9:8774/v2.1', { interface: 'internal' }),
        endpoint('http://10.0.0.8:8774/v2.1', { region: 'Other', region_id: 'Other' }),
        endpoint('http://10.0.0.20:8774/v2.1'),
      ],
    },
    { type: 'network', endpoints: [endpoint('https://10.0.0.20:9696/')] },
    { type: 'volumev3', endpoints: [endpoint('http://10.0.0.20:8776/v3/project')] },
  ],
  'RegionOne',
);

it.each([
  ['compute', '/servers', 'http://10.0.0.20:8774/v2.1/servers'],
  ['network', '/v2.0/ports?device_id=a&fields=id', 'https://10.0.0.20:9696/v2.0/ports?device_id=a&fields=id'],
  ['volume', '/types', 'http://10.0.0.20:8776/v3/project/types'],
] as const)('finds where %s%s is: public, in the region', (service, path, url) => {
  expect(catalogue.url(service, path).href).toBe(url);
});

it('a missing service is named in the error', () => {
  expect(catalogue.has('image')).toBe(false);
  expect(() => catalogue.url('image', '/v2/images')).toThrow('no public endpoint of the service image');
});

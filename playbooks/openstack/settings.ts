import { z } from 'zod';
import { type Inventory, settingsReader } from 'osha';
import { SERVICES, type ServiceName } from './services.ts';

/** The names that `services` takes; the dashboard has no API. */
export const SERVICE_NAMES = [
  'identity',
  'image',
  'placement',
  'compute',
  'network',
  'volume',
  'dashboard',
] as const;

export type AnyService = (typeof SERVICE_NAMES)[number];

/** The services that each service requires. */
export const NEEDS: Readonly<Record<AnyService, readonly AnyService[]>> = {
  identity: [],
  image: ['identity'],
  placement: ['identity'],
  compute: ['identity', 'image', 'placement', 'network'],
  network: ['identity'],
  volume: ['identity', 'image'],
  dashboard: ['identity'],
};

export const settings = z.strictObject({
  services: z
    .union([z.literal('all'), z.array(z.enum(SERVICE_NAMES))])
    .default([])
    .describe('OpenStack services to deploy: all, or some by name. None by default.'),
  region: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, 'letters, digits, dots, dashes, not "-" first')
    .default('RegionOne')
    .describe('Name of the region in the catalogue.'),
  workers: z
    .int()
    .min(1)
    .max(64)
    .default(2)
    .describe(
      'Processes of each service on each host; Keystone has twice as many. Each takes 100 to 200 MiB of memory.',
    ),
});

export type OpenstackSettings = z.output<typeof settings>;

/** The `openstack` key of an inventory. */
export const settingsOf = settingsReader('openstack', settings);

/** The services that the settings enable. */
function enabledBy({ services }: OpenstackSettings): readonly AnyService[] {
  return services === 'all' ? SERVICE_NAMES : services;
}

/** The enabled services that have an API. */
export function apisOf(settings: OpenstackSettings): readonly ServiceName[] {
  return (Object.keys(SERVICES) as ServiceName[]).filter((service) => enabledBy(settings).includes(service));
}

/** The services that an inventory enables. */
export function servicesOf(inventory: Pick<Inventory, 'settings'>): readonly AnyService[] {
  return enabledBy(settingsOf(inventory));
}

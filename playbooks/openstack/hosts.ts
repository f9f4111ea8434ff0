import { type Host, type HostSelector, hostsWith, type Inventory } from 'osha';
import { servicesOf, type AnyService } from './settings.ts';
import { isShared } from './shared-folders.ts';

/** Where images are kept: on shared storage, or on one host alone. */
export const IMAGES = '/var/lib/glance/images';

/**
 * The hosts that run a service, and none where it was not asked for. Where images are on one host alone, no other host
 * could give them out.
 */
export function hostsOfService(inventory: Inventory, service: AnyService): readonly Host[] {
  if (!servicesOf(inventory).includes(service)) return [];
  if (service === 'dashboard') return hostsWith(inventory, 'dashboard');
  const control = hostsWith(inventory, 'control');
  return service !== 'image' || isShared(IMAGES, control, inventory) ? control : control.slice(0, 1);
}

/** The same, as a playbook selects its hosts. */
export function runs(service: AnyService): HostSelector {
  return (inventory) => hostsOfService(inventory, service);
}

/** Hosts whose agents serve the networks: none where there is no network service. */
export function networkHosts(inventory: Inventory): readonly Host[] {
  return servicesOf(inventory).includes('network') ? hostsWith(inventory, 'network') : [];
}

/** Hosts that ask the cloud's services for something: all that run a part of it. */
export function cloudHosts(inventory: Inventory): readonly Host[] {
  const all = [
    ...servicesOf(inventory).flatMap((service) => hostsOfService(inventory, service)),
    ...networkHosts(inventory),
    ...computeHosts(inventory),
  ];
  return inventory.hosts.filter((host) => all.includes(host));
}

/** Hosts on which servers boot: none where there is no compute service. */
export function computeHosts(inventory: Inventory): readonly Host[] {
  return servicesOf(inventory).includes('compute') ? hostsWith(inventory, 'compute') : [];
}

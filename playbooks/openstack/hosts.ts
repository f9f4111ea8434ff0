import { type Host, type HostSelector, hostsWith, type Inventory, type Platform } from 'osha';
import { servicesOf, type AnyService } from './settings.ts';
import { isShared } from './mounts.ts';
import type { ServiceName } from './services.ts';

/** Where Glance stores images: shared storage, or one host's disk. */
export const IMAGES = '/var/lib/glance/images';

/**
 * The hosts that run a service; empty if it is not enabled. Without shared storage only one host runs Glance, because the
 * others could not serve its images.
 */
export function hostsOfService(inventory: Inventory, service: AnyService): readonly Host[] {
  if (!servicesOf(inventory).includes(service)) return [];
  if (service === 'dashboard') return hostsWith(inventory, 'dashboard');
  const control = hostsWith(inventory, 'control');
  return service !== 'image' || isShared(IMAGES, control, inventory) ? control : control.slice(0, 1);
}

/** Selects the hosts that run a service. */
export function hostsRunning(service: AnyService): HostSelector {
  return (inventory) => hostsOfService(inventory, service);
}

/** Hosts that run Neutron's agents; empty without the network service. */
export function networkHosts(inventory: Inventory): readonly Host[] {
  return servicesOf(inventory).includes('network') ? hostsWith(inventory, 'network') : [];
}

/** Hosts that servers run on; empty without the compute service. */
export function computeHosts(inventory: Inventory): readonly Host[] {
  return servicesOf(inventory).includes('compute') ? hostsWith(inventory, 'compute') : [];
}

/** All hosts that run a part of the cloud, and so call its APIs. */
export function cloudHosts(inventory: Inventory): readonly Host[] {
  const all = [
    ...servicesOf(inventory).flatMap((service) => hostsOfService(inventory, service)),
    ...networkHosts(inventory),
    ...computeHosts(inventory),
  ];
  return inventory.hosts.filter((host) => all.includes(host));
}

/** A unit that OpenStack's playbooks configure. */
export interface ServiceUnit {
  readonly unit: string;
  readonly service: AnyService;
  /** The hosts it is configured on. */
  readonly hosts: (inventory: Inventory) => readonly Host[];
  /** Why it must run on all of these hosts; absent if one at a time is enough. */
  readonly everywhere?: string;
}

/** All such units, whether or not an inventory enables their services. */
export function serviceUnits({ units }: Platform): readonly ServiceUnit[] {
  const { nova, neutron, cinder } = units;
  const of = (service: AnyService, ...names: readonly string[]): readonly ServiceUnit[] =>
    names.map((unit) => ({ unit, service, hosts: (inventory) => hostsOfService(inventory, service) }));
  return [
    ...of('identity', units.keystone),
    ...of('image', units.glance),
    ...of('placement', units.placement),
    ...of('network', neutron.rpc, neutron.api),
    ...of('compute', nova.conductor, nova.scheduler, nova.api, nova.metadata, nova.console),
    ...of('volume', cinder.scheduler, cinder.api),
    ...of('dashboard', units.horizon),
    ...[neutron.bridge, neutron.dhcp, neutron.l3, neutron.metadata].map((unit): ServiceUnit => ({
      unit,
      service: 'network',
      hosts: networkHosts,
      // A router or DHCP server left running on its former host would duplicate the one that replaced it.
      everywhere: 'Neutron itself moves routers and DHCP between the hosts that its agents run on',
    })),
    ...[units.compute, units.libvirt].map((unit): ServiceUnit => ({
      unit,
      service: 'compute',
      hosts: computeHosts,
      everywhere: 'each compute host runs servers of its own',
    })),
  ];
}

/** The unit that runs a service's API. */
export function apiUnit(service: ServiceName, { units }: Platform): string {
  switch (service) {
    case 'identity':
      return units.keystone;
    case 'image':
      return units.glance;
    case 'placement':
      return units.placement;
    case 'compute':
      return units.nova.api;
    case 'network':
      return units.neutron.api;
    case 'volume':
      return units.cinder.api;
  }
}

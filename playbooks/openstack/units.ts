import type { Host, Inventory, Platform } from 'osha';
import { computeHosts, hostsOfService, networkHosts } from './hosts.ts';
import type { ServiceName } from './services.ts';
import type { AnyService } from './settings.ts';

/** A unit that the playbooks of OpenStack configure. */
export interface ServiceUnit {
  readonly unit: string;
  readonly service: AnyService;
  /** The hosts that it is configured on. */
  readonly hosts: (inventory: Inventory) => readonly Host[];
  /** Why it has to run on all of these hosts; absent where one at a time is enough. */
  readonly everywhere?: string;
}

/** All of them, whatever an inventory asks for. */
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
      // A router or a DHCP server that was left behind would go on beside the one that took its place.
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

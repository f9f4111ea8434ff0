import type { Host, Inventory, Role, Vip } from '../../src/inventory/types.ts';

const CONTROLLER_ROLES: readonly Role[] = [
  'database',
  'messaging',
  'cache',
  'coordination',
  'control',
  'dashboard',
  'loadbalancer',
  'time',
];

/** A host for tests: a controller at 192.0.2.x unless told otherwise. */
export function aHost(name: string, overrides: Partial<Host> = {}): Host {
  const number = Number(/\d+$/.exec(name)?.[0] ?? 1);
  return {
    name,
    address: `192.0.2.${10 + number}`,
    networks: {},
    roles: CONTROLLER_ROLES,
    controller: true,
    ssh: { user: 'root', port: 22, sudo: false, knownHosts: [], jump: [], config: false },
    ...overrides,
  };
}

/** An inventory of three controllers with two VIPs, unless told otherwise. */
export function anInventory(overrides: Partial<Inventory> = {}): Inventory {
  const hosts = overrides.hosts ?? [aHost('controller1'), aHost('controller2'), aHost('controller3')];
  const vip = (name: string, last: number): Vip => ({
    name,
    address: `192.0.2.${last}`,
    prefixLength: 24,
    interface: 'eth0',
    by: 'pacemaker',
    haproxy: true,
    holders: hosts.filter((host) => host.roles.includes('loadbalancer')).map((host) => host.name),
  });
  return {
    name: 'test',
    file: '/nowhere/inventory.yaml',
    platform: 'debian-12',
    hosts,
    vips: [vip('api', 20), vip('database', 21)],
    settings: {},
    ...overrides,
  };
}

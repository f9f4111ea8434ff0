/** What an OpenStack service is known by, whatever hosts it runs on. */
export interface ServiceFacts {
  /** What people call it. */
  readonly title: string;
  /** The project's name: that of its account, of the system's user that it runs as, and of its backends in HAProxy. */
  readonly name: string;
  /** Its type in the catalogue. */
  readonly type: string;
  readonly description: string;
  /** Where its API answers. */
  readonly port: number;
  /** What its endpoints' URLs end in. */
  readonly path: string;
  /** Its databases; one account of the project's name has them all. */
  readonly databases: readonly string[];
  /** The package that its API comes from. */
  readonly package: string;
  /** Below its endpoint: what it cannot answer without its database. Keystone is asked for a token instead. */
  readonly asks?: string;
}

/** Where a server's own data is, at Nova; only Neutron's agents on the network hosts ask there. */
export const METADATA_PORT = 8775;

/** The services that osha deploys, by what an inventory calls them. Ports are the projects' own defaults. */
export const SERVICES = {
  identity: {
    title: 'Keystone',
    name: 'keystone',
    type: 'identity',
    description: 'Identity',
    port: 5000,
    path: '/v3',
    databases: ['keystone'],
    package: 'keystone',
  },
  image: {
    title: 'Glance',
    name: 'glance',
    type: 'image',
    description: 'Images',
    port: 9292,
    path: '',
    databases: ['glance'],
    package: 'glance-api',
    asks: '/v2/images?limit=1',
  },
  placement: {
    title: 'Placement',
    name: 'placement',
    type: 'placement',
    description: 'Placement of resources',
    port: 8778,
    path: '',
    databases: ['placement'],
    package: 'placement-api',
    asks: '/resource_providers?name=none',
  },
  compute: {
    title: 'Nova',
    name: 'nova',
    type: 'compute',
    description: 'Servers',
    port: 8774,
    path: '/v2.1',
    databases: ['nova_api', 'nova', 'nova_cell0'],
    package: 'nova-api',
    asks: '/os-services',
  },
  network: {
    title: 'Neutron',
    name: 'neutron',
    type: 'network',
    description: 'Networks',
    port: 9696,
    path: '',
    databases: ['neutron'],
    package: 'neutron-api',
    asks: '/v2.0/agents',
  },
  volume: {
    title: 'Cinder',
    name: 'cinder',
    type: 'volumev3',
    description: 'Volumes',
    port: 8776,
    path: '/v3/%(project_id)s',
    databases: ['cinder'],
    package: 'cinder-api',
    asks: '/os-services',
  },
} as const satisfies Record<string, ServiceFacts>;

export type ServiceName = keyof typeof SERVICES;

/** The facts of a service, with those that only some have. */
export function factsOf(service: ServiceName): ServiceFacts {
  return SERVICES[service];
}

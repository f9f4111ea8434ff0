/** Facts about an OpenStack service that do not depend on the inventory. */
export interface ServiceFacts {
  /** Its usual name: "Keystone". */
  readonly title: string;
  /** The project's name; also names its Keystone account, its system user and its HAProxy frontend. */
  readonly name: string;
  /** Its type in the catalogue. */
  readonly type: string;
  readonly description: string;
  /** Its API's port. */
  readonly port: number;
  /** The path of its endpoints' URLs. */
  readonly path: string;
  /** Its databases, all owned by the database account of the project's name. */
  readonly databases: readonly string[];
  /** The package of its API. */
  readonly package: string;
  /** A path below its endpoint whose answer needs the database. Absent for Keystone, where a login is tried instead. */
  readonly asks?: string;
}

/** The port of Nova's metadata API; only Neutron's agents on network hosts use it. */
export const METADATA_PORT = 8775;

/** The services that osha deploys, by their names in an inventory. Ports are the projects' defaults. */
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

/** The facts of a service, typed with the optional ones. */
export function factsOf(service: ServiceName): ServiceFacts {
  return SERVICES[service];
}

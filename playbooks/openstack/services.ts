/** What an OpenStack service is known by, whatever hosts it runs on. */
export interface ServiceFacts {
  /** The project's name: that of its account, and of its backends in HAProxy. */
  readonly name: string;
  /** Its type in the catalogue. */
  readonly type: string;
  readonly description: string;
  /** Where its API answers. */
  readonly port: number;
  /** What its endpoints' URLs end in. */
  readonly path: string;
  /** Its databases, and the accounts' name for all of them is the project's. */
  readonly databases: readonly string[];
}

/** The services that osha deploys, by what an inventory calls them. Ports are those that IANA and the projects' own defaults name. */
export const SERVICES = {
  identity: {
    name: 'keystone',
    type: 'identity',
    description: 'Identity',
    port: 5000,
    path: '/v3',
    databases: ['keystone'],
  },
  image: {
    name: 'glance',
    type: 'image',
    description: 'Images',
    port: 9292,
    path: '',
    databases: ['glance'],
  },
  placement: {
    name: 'placement',
    type: 'placement',
    description: 'Placement of resources',
    port: 8778,
    path: '',
    databases: ['placement'],
  },
  compute: {
    name: 'nova',
    type: 'compute',
    description: 'Servers',
    port: 8774,
    path: '/v2.1',
    databases: ['nova_api', 'nova', 'nova_cell0'],
  },
  network: {
    name: 'neutron',
    type: 'network',
    description: 'Networks',
    port: 9696,
    path: '',
    databases: ['neutron'],
  },
  volume: {
    name: 'cinder',
    type: 'volumev3',
    description: 'Volumes',
    port: 8776,
    path: '/v3/%(project_id)s',
    databases: ['cinder'],
  },
} as const satisfies Record<string, ServiceFacts>;

export type ServiceName = keyof typeof SERVICES;

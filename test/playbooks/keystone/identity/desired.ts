import type { ApiService } from '../../../../playbooks/openstack/operations/index.ts';
import type { DesiredIdentity } from '../../../../playbooks/keystone/identity/state.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { aHost } from '../../../support/inventory.ts';

export const glance = new Secret('glanceAccount', 'mX4nB7vC2zL9kJ5h');

/** An account and a catalogue of one service. */
export function desiredAt(image: string, roles: readonly string[] = ['admin', 'service']): DesiredIdentity {
  return {
    region: 'RegionOne',
    projects: ['service'],
    roles: ['service'],
    accounts: [{ name: 'glance', password: glance, project: 'service', roles }],
    catalogue: [
      {
        name: 'glance',
        type: 'image',
        description: 'Images',
        urls: { public: image, internal: image, admin: image },
      },
    ],
  };
}

/** Nova's API on three controllers, with a compute host. */
export const nova: ApiService = {
  title: 'Nova',
  type: 'compute',
  hosts: [aHost('c1'), aHost('c2'), aHost('c3')],
  port: 8774,
  root: '/v2.1',
  asks: '/os-services',
  package: 'nova-api',
  agents: [{ kind: 'nova-compute', hosts: [aHost('k1')], unit: 'nova-compute' }],
};

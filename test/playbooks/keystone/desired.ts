import { Secret } from '../../../src/secrets/secret.ts';
import type { DesiredIdentity } from '../../../playbooks/keystone/identity.ts';

export const glance = new Secret('glanceAccount', 'mX4nB7vC2zL9kJ5h');

/** One account and a catalogue with one service. */
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

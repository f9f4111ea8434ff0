import type { ApiService } from '../../../../playbooks/openstack/operations/api-health.ts';
import { aHost } from '../../../support/inventory.ts';
import type { ApiSession } from '../../../../playbooks/openstack/operations/api-session.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { ADMIN_PASSWORD, type Cloud } from './cloud.ts';

/** A Keystone that does not answer: no program may listen on that port without being root, and none does. */
export const NOWHERE = 'http://127.0.0.1:1/v3';

export const password = new Secret('openstackAdmin', ADMIN_PASSWORD);

/** The administrator's session with a cloud. */
export function sessionAt(origin: string): ApiSession {
  return { authUrl: `${origin}/v3`, user: 'admin', project: 'admin', password };
}

/** Puts the image service into the cloud's catalogue; only its internal URL leads anywhere. */
export function listImages({ lists, origin }: Cloud): void {
  lists['services']?.push({ id: 's-image', type: 'image' });
  for (const [kind, url] of [
    ['public', NOWHERE],
    ['internal', `${origin}/image/v2/`],
    ['admin', NOWHERE],
  ] as const) {
    lists['endpoints']?.push({ id: `i-${kind}`, service_id: 's-image', interface: kind, url });
  }
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

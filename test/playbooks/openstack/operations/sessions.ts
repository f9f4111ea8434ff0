import type { ApiService } from '../../../../playbooks/openstack/operations/api-health.ts';
import { aHost } from '../../../support/inventory.ts';
import type { ApiSession } from '../../../../playbooks/openstack/operations/api-session.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { ADMIN_PASSWORD, type Cloud } from './cloud.ts';

/** The URL of a Keystone that does not answer: nothing listens on port 1. */
export const NOWHERE = 'http://127.0.0.1:1/v3';

export const password = new Secret('openstackAdmin', ADMIN_PASSWORD);

/** An administrator's session. */
export function sessionAt(origin: string): ApiSession {
  return { authUrl: `${origin}/v3`, user: 'admin', project: 'admin', password };
}

/** Adds the image service to the cloud's catalogue; only its internal URL works. */
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

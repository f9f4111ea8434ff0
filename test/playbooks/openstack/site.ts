import { siteOf, type Site } from '../../../playbooks/openstack/site.ts';
import { platformOf } from '../../../src/platform/index.ts';
import type { Deployment } from './deployment.ts';

/** What the services of a deployment have in common. */
export function siteIn({ inventory, secrets, frontends }: Deployment): Site {
  return siteOf({
    inventory,
    frontends,
    platform: platformOf(inventory.platform),
    secrets: Object.fromEntries(secrets.map((secret) => [secret.name, secret])),
  });
}

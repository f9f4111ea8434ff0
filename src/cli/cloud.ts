import { authorityOf } from '../../playbooks/haproxy/tls.ts';
import { settingsOf as haproxySettings } from '../../playbooks/haproxy/settings.ts';
import { PHYSICAL_NETWORK, settingsOf as neutronSettings } from '../../playbooks/neutron/settings.ts';
import { needsAuthority } from '../../playbooks/openstack/endpoints.ts';
import { SERVICES } from '../../playbooks/openstack/services.ts';
import { apisOf, servicesOf } from '../../playbooks/openstack/settings.ts';
import { siteOf, type Site } from '../../playbooks/openstack/site.ts';
import type { Cloud } from '../cloud/cloud.ts';
import { holdersOf, hostsWith } from '../inventory/types.ts';
import { given } from '../operations/tls/given.ts';
import { frontendsOf } from '../planner/plan.ts';
import { loadSecrets } from '../secrets/load.ts';
import type { Secret } from '../secrets/secret.ts';
import { hasErrors } from '../yaml/problem.ts';
import { loadDeployment, type Deployment } from './deployment.ts';
import { InvalidFile, UserError } from './errors.ts';
import type { Io } from './io.ts';
import { keyring } from './keyring.ts';

/** The secret that the administrator logs in with. */
const PASSWORD = 'openstackAdmin';
const AUTHORITY = 'tlsAuthority';

/** An inventory's OpenStack, as seen from the operator's machine. */
export interface CloudInventory {
  readonly deployment: Deployment;
  /** Those that are there; none is made up. */
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly site: Site;
  readonly password: Secret;
  /** The certificate of osha's own CA as PEM, where the virtual IP's is signed by it. */
  readonly authority?: string;
}

/**
 * Reads an inventory with its secrets; connects to nothing. Throws `InvalidFile`, and `UserError` where it has no
 * OpenStack or no password for it yet.
 */
export async function loadCloud(io: Io, file: string, { json = false } = {}): Promise<CloudInventory> {
  const deployment = await loadDeployment(io, file, { json, secrets: 'none', quiet: true });
  const { inventory } = deployment;
  if (!servicesOf(inventory).includes('identity')) {
    throw new UserError('this inventory has no OpenStack', {
      hint: 'ask for it: openstack: { services: all }',
    });
  }
  const { secrets, problems } = await loadSecrets(inventory.file, deployment.rules, {
    unlock: keyring(io).unlock,
  });
  if (hasErrors(problems)) throw new InvalidFile(problems);
  const password = secrets[PASSWORD];
  if (!password) {
    throw new UserError("the cloud's administrator has no password yet", {
      hint: `generate it: osha secrets generate ${file}`,
    });
  }
  const site = siteOf({ ...deployment, frontends: frontendsOf(deployment) });
  const authority = needsAuthority(inventory, site.public.vip)
    ? authorityOf(inventory, haproxySettings(inventory), secrets[AUTHORITY])?.certificate
    : undefined;
  return { deployment, secrets, site, password, ...(authority === undefined ? {} : { authority }) };
}

/** What a check of the cloud has to know about it. */
export function cloudOf({ deployment, site, password, authority }: CloudInventory): Cloud {
  const { inventory } = deployment;
  const { certificate, key } = haproxySettings(inventory).tls[site.public.vip.name] ?? {};
  const own =
    certificate === undefined || key === undefined
      ? undefined
      : given(inventory, { certificate, key }).certificate;
  const trust = authority ?? own;
  const { external } = neutronSettings(inventory);
  return {
    name: inventory.name,
    credentials: {
      authUrl: site.public.url('identity'),
      region: site.settings.region,
      user: 'admin',
      project: 'admin',
      password,
    },
    ...(trust === undefined ? {} : { trust }),
    services: apisOf(site.settings),
    entrances: holdersOf(inventory, site.public.vip),
    control: hostsWith(inventory, 'control'),
    network: hostsWith(inventory, 'network'),
    compute: hostsWith(inventory, 'compute'),
    imagePort: SERVICES.image.port,
    ...(external
      ? {
          outside: {
            physicalNetwork: PHYSICAL_NETWORK,
            subnet: external.subnet,
            gateway: external.gateway,
            floating: external.floating,
          },
        }
      : {}),
  };
}

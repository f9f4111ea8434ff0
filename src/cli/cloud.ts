import type { DeclaredCloud } from '../playbook/cloud.ts';
import { loadSecrets } from '../secrets/load.ts';
import type { Secret } from '../secrets/secret.ts';
import { hasErrors } from '../yaml/problem.ts';
import { loadDeployment, type Deployment } from './deployment.ts';
import { InvalidFile, UserError } from './errors.ts';
import type { Io } from './io.ts';
import { keyring } from './keyring.ts';
import type { Cloud } from '../cloud/api.ts';

/** The cloud of an inventory, with what is needed to reach it from the operator's machine. */
export interface CloudInventory {
  readonly deployment: Deployment;
  /** The existing ones; none is generated. */
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly declared: DeclaredCloud;
  readonly password: Secret;
  /** The certificate of the deployment's own CA as PEM, where the virtual IP's is signed by it. */
  readonly authority?: string | undefined;
}

/**
 * Reads an inventory and its secrets; connects to nothing. Throws `InvalidFile`, and `UserError` where it has no OpenStack
 * or the administrator has no password yet.
 */
export async function loadCloud(io: Io, file: string, { json = false } = {}): Promise<CloudInventory> {
  const deployment = await loadDeployment(io, file, { json, secrets: 'none', quiet: true });
  const { inventory, playbooks, rules } = deployment;
  const declared = playbooks.map((playbook) => playbook.cloud?.(inventory)).find((cloud) => cloud);
  if (!declared) {
    throw new UserError('this inventory has no OpenStack', {
      hint: 'request it in the inventory: openstack: { services: all }',
    });
  }
  const { secrets, problems } = await loadSecrets(inventory.file, rules, { unlock: keyring(io).unlock });
  if (hasErrors(problems)) throw new InvalidFile(problems);
  const password = secrets[declared.password];
  if (!password) {
    throw new UserError("the cloud's administrator has no password yet", {
      hint: `generate it: osha secrets generate ${file}`,
    });
  }
  const { authority } = playbooks.find((playbook) => playbook.authority) ?? {};
  const key = authority && declared.byAuthority ? secrets[authority.secret] : undefined;
  return {
    deployment,
    secrets,
    declared,
    password,
    authority: key && authority?.certificate(inventory, key),
  };
}

/** The cloud as the smoke test needs it. */
export function cloudOf({ deployment, declared, password, authority }: CloudInventory): Cloud {
  const { authUrl, region, user, project } = declared;
  return {
    ...declared,
    name: deployment.inventory.name,
    credentials: { authUrl, region, user, project, password },
    trust: authority ?? declared.ownCertificate(),
  };
}

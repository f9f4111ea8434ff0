import { loadSecrets } from '../secrets/load.ts';
import { hasErrors } from '../yaml/problem.ts';
import { loadDeployment } from './deployment.ts';
import { InvalidFile, UserError } from './errors.ts';
import { EXIT, type Io } from './io.ts';
import { keyring } from './keyring.ts';

/**
 * Prints the certificate of the CA that signs those of virtual IPs. Returns the exit code. Throws `UserError` where there
 * is no such CA, or not yet.
 */
export async function printAuthority(io: Io, file: string): Promise<number> {
  const { inventory, playbooks, rules } = await loadDeployment(io, file, {
    json: false,
    secrets: 'none',
    quiet: true,
  });
  const { authority } = playbooks.find((playbook) => playbook.authority?.isUsed(inventory)) ?? {};
  if (!authority) {
    throw new UserError('no virtual IP has a certificate issued by osha', {
      hint: 'request one in the inventory: haproxy: { tls: { api: {} } }',
    });
  }
  const { secrets, problems } = await loadSecrets(inventory.file, rules, { unlock: keyring(io).unlock });
  if (hasErrors(problems)) throw new InvalidFile(problems);
  const key = secrets[authority.secret];
  if (!key) {
    throw new UserError('there is no CA yet', {
      hint: `generate its key: osha secrets generate ${file}`,
    });
  }
  io.stdout.write(authority.certificate(inventory, key));
  return EXIT.ok;
}

import { authorityOf, usesAuthority } from '../../playbooks/haproxy/tls.ts';
import { settingsOf } from '../../playbooks/haproxy/settings.ts';
import { loadSecrets } from '../secrets/load.ts';
import { hasErrors } from '../yaml/problem.ts';
import { loadDeployment } from './deployment.ts';
import { InvalidFile, UserError } from './errors.ts';
import { EXIT, type Io } from './io.ts';
import { keyring } from './keyring.ts';

/** The secret that the CA's certificate follows from. */
const KEY = 'tlsAuthority';

/**
 * Prints the certificate of the CA that signs those of virtual IPs. Returns the exit code. Throws `UserError` where there
 * is no such CA, or not yet.
 */
export async function printAuthority(io: Io, file: string): Promise<number> {
  const { inventory, rules } = await loadDeployment(io, file, { json: false, secrets: 'none', quiet: true });
  const settings = settingsOf(inventory);
  if (!usesAuthority(settings)) {
    throw new UserError('no virtual IP has a certificate issued by osha', {
      hint: 'request one in the inventory: haproxy: { tls: { api: {} } }',
    });
  }
  const { secrets, problems } = await loadSecrets(inventory.file, rules, { unlock: keyring(io).unlock });
  if (hasErrors(problems)) throw new InvalidFile(problems);
  const authority = authorityOf(inventory, settings, secrets[KEY]);
  if (!authority) {
    throw new UserError('there is no CA yet', {
      hint: `generate its key: osha secrets generate ${file}`,
    });
  }
  io.stdout.write(authority.certificate);
  return EXIT.ok;
}

import { hasErrors } from '../../yaml/problem.ts';
import { loadDeployment } from '../deployment.ts';
import { InvalidFile, UserError } from '../errors.ts';
import { EXIT, type Io } from '../io.ts';
import { exiting, type Register } from '../register.ts';

export const registerCa: Register = (program, cli) => {
  program
    .command('ca')
    .summary("print the certificate of the deployment's own CA")
    .description(
      'Prints, as PEM, the certificate of the CA that osha makes for virtual IPs that speak TLS (haproxy: tls) without a certificate of your own. ' +
        'Clients that trust it (curl, browsers, OpenStack clients) can verify those virtual IPs. It is derived from the secret tlsAuthority, so every machine prints the same one. ' +
        'For a new CA: osha secrets rotate INVENTORY tlsAuthority; the next deployment brings it, and new certificates, to the hosts. Connects to nothing.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .addHelpText(
      'after',
      '\nExamples:\n  osha ca inventory/three-controllers.yaml > ca.pem && curl --cacert ca.pem https://172.29.77.20/\n' +
        '  osha ca inventory/three-controllers.yaml | openssl x509 -noout -text',
    )
    .action(exiting(cli, (file: string) => printAuthority(cli.io, file)));
};

/** Prints the CA's certificate. Throws `UserError` where no virtual IP uses the CA, or where its key does not exist yet. */
async function printAuthority(io: Io, file: string): Promise<number> {
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
  const [{ loadSecrets }, { keyring }] = await Promise.all([
    import('../../secrets/load.ts'),
    import('../keyring.ts'),
  ]);
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

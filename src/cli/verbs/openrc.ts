import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { quote } from '../../operations/shell.ts';
import { writeWholeFile } from '../../secrets/whole-file.ts';
import { readNamedFile, UserError } from '../errors.ts';
import { EXIT, type Io } from '../io.ts';
import { exiting, type Register } from '../register.ts';

interface OpenrcRequest {
  /** `clouds.yaml` instead of variables. */
  readonly clouds?: true;
  /** Where the CA's certificate is kept on this machine. */
  readonly cacert?: string;
}

export const registerOpenrc: Register = (program, cli) => {
  program
    .command('openrc')
    .summary("print the credentials of the cloud's administrator")
    .description(
      "Prints variables for OpenStack's command-line client and libraries, including the administrator's password in clear text: " +
        'send them to a shell or to a file of mode 600 only. Reads the inventory and its secrets; connects to nothing.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--clouds', 'print a clouds.yaml instead; the cloud is named after the inventory')
    .option(
      '--cacert <file>',
      "file with the CA certificate that clients trust (OS_CACERT); osha's own CA is written to it",
    )
    .addHelpText(
      'after',
      '\nExamples:\n  eval "$(osha openrc inventory/lab-openstack.yaml)" && openstack token issue\n' +
        '  eval "$(osha openrc prod/inventory.yaml --cacert ~/.prod-ca.pem)"\n' +
        '  (umask 077; osha openrc prod/inventory.yaml --clouds > ~/.config/openstack/clouds.yaml)',
    )
    .action(exiting(cli, (file: string, request: OpenrcRequest) => printOpenrc(cli.io, file, request)));
};

/**
 * Prints the administrator's credentials, including the password. Throws `UserError` where the inventory has no OpenStack,
 * or its password does not exist yet.
 */
async function printOpenrc(io: Io, file: string, request: OpenrcRequest): Promise<number> {
  const { loadCloud } = await import('../cloud.ts');
  const { declared, password, authority } = await loadCloud(io, file);
  const ca = request.cacert === undefined ? undefined : fileOf(io, request.cacert);
  if (ca !== undefined && authority !== undefined) writeCertificate(ca, authority);
  if (ca === undefined && authority !== undefined) {
    io.stderr.write(
      `hint: clients have to trust the CA of this deployment; to write its certificate to a file and use it: osha openrc ${file} --cacert ca.pem\n`,
    );
  }
  const text = request.clouds
    ? declared.cloudsYaml({ ca: ca === undefined ? ca : JSON.stringify(ca) }, password)
    : declared.openrc({ ca: ca === undefined ? ca : quote(ca) }, password);
  // The only place where osha prints a secret.
  io.stdout.write(`${text.reveal().trimEnd()}\n`);
  return EXIT.ok;
}

function fileOf(io: Io, name: string): string {
  return resolve(io.cwd, name.startsWith('~/') ? join(homedir(), name.slice(2)) : name);
}

/** Writes the certificate unless the file already holds it. Throws `UserError` rather than overwrite anything else. */
function writeCertificate(path: string, certificate: string): void {
  if (!existsSync(path)) writeWholeFile(path, certificate, 0o644);
  else if (readNamedFile(path).trim() !== certificate.trim()) {
    throw new UserError(`${path} exists, but is not the certificate of this deployment's CA`, {
      hint: 'name another file, or remove this one: it may belong to an older CA',
    });
  }
}

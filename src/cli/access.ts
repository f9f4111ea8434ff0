import type { Secret } from '../secrets/secret.ts';
import type { Transport } from '../transport/session.ts';
import type { Io } from './io.ts';
import { keyring } from './keyring.ts';
import type { LoginOptions } from './options.ts';

/** A file that holds the password, for those who are not at a terminal. Named by the environment, which never holds it. */
export const PASSWORD_FILE = { login: 'OSHA_SSH_PASSWORD_FILE', sudo: 'OSHA_SUDO_PASSWORD_FILE' } as const;

/** The way to the hosts. */
export interface Access {
  readonly transport: Transport;
  /** What was asked for to get in: to be masked in whatever the hosts print. */
  readonly passwords: readonly Secret[];
}

/**
 * SSH to the hosts, with the passwords that the options ask for or that the environment names a file of. Throws
 * `UserError` where a password is asked for and there is neither its file nor a terminal.
 */
export async function accessTo(io: Io, options: LoginOptions): Promise<Access> {
  const { password } = keyring(io);
  const wanted = async (
    asked: true | undefined,
    what: string,
    variable: string,
  ): Promise<Secret | undefined> => {
    return asked || io.env[variable] ? password(what, variable) : undefined;
  };
  // One question at a time.
  const login = await wanted(options.askPassword, 'SSH password', PASSWORD_FILE.login);
  const sudo = await wanted(options.askSudoPassword, 'sudo password', PASSWORD_FILE.sudo);
  const passwords = [login, sudo].filter((secret) => secret !== undefined);
  if (io.transport) return { transport: io.transport(), passwords };
  const { createSshTransport } = await import('../transport/ssh.ts');
  return { transport: createSshTransport({ passwords: { login, sudo } }), passwords };
}

import type { Secret } from '../secrets/secret.ts';
import type { Transport } from '../transport/session.ts';
import type { Io } from './io.ts';
import { keyring } from './keyring.ts';
import type { ConnectionOptions, LoginOptions } from './options.ts';

/** Environment variables that name a file with the password, for use without a terminal. They never hold the password. */
export const PASSWORD_FILE = { login: 'OSHA_SSH_PASSWORD_FILE', sudo: 'OSHA_SUDO_PASSWORD_FILE' } as const;

/** Passwords for logging in to the hosts. */
export interface Passwords {
  readonly login?: Secret | undefined;
  readonly sudo?: Secret | undefined;
}

/** A transport to the hosts, and the passwords that it uses. */
export interface Access {
  readonly transport: Transport;
  /** To be masked in everything that the hosts print. */
  readonly passwords: readonly Secret[];
}

/** The limit for the output of a command; default: that of the transport. */
type OutputLimit = Partial<Pick<ConnectionOptions, 'maxOutput'>>;

/** Access by SSH, with the passwords of `passwordsFor`. Throws the errors of `passwordsFor`. */
export async function accessTo(io: Io, options: LoginOptions & OutputLimit): Promise<Access> {
  return accessWith(io, await passwordsFor(io, options), options);
}

/**
 * The passwords that the options ask for, or for which the environment names a file. Throws `UserError` where the options
 * ask for one and there is neither a file nor a terminal.
 */
export async function passwordsFor(io: Io, options: LoginOptions): Promise<Passwords> {
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
  return { login, sudo };
}

/** Access with passwords that are known already. Each run needs its own, because it closes its transport. */
export async function accessWith(io: Io, passwords: Passwords, { maxOutput }: OutputLimit): Promise<Access> {
  const limits = maxOutput === undefined ? {} : { maxOutputBytes: maxOutput };
  const masked = [passwords.login, passwords.sudo].filter((secret) => secret !== undefined);
  if (io.transport) return { transport: io.transport(limits), passwords: masked };
  const { createSshTransport } = await import('../transport/ssh.ts');
  return { transport: createSshTransport({ ...limits, passwords }), passwords: masked };
}

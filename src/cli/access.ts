import type { Secret } from '../secrets/secret.ts';
import type { Transport } from '../transport/session.ts';
import type { Io } from './io.ts';
import { keyring } from './keyring.ts';
import type { ConnectionOptions, LoginOptions } from './options.ts';

/** A file that holds the password, for those who are not at a terminal. Named by the environment, which never holds it. */
export const PASSWORD_FILE = { login: 'OSHA_SSH_PASSWORD_FILE', sudo: 'OSHA_SUDO_PASSWORD_FILE' } as const;

/** What was asked for to get in. */
export interface Passwords {
  readonly login?: Secret | undefined;
  readonly sudo?: Secret | undefined;
}

/** The way to the hosts. */
export interface Access {
  readonly transport: Transport;
  /** What was asked for to get in: to be masked in whatever the hosts print. */
  readonly passwords: readonly Secret[];
}

/** What bounds the output of a command; the transport's own bound where it is not given. */
type Bounds = Partial<Pick<ConnectionOptions, 'maxOutput'>>;

/** SSH to the hosts, with the passwords that `passwordsFor` gets. Throws like it. */
export async function accessTo(io: Io, options: LoginOptions & Bounds): Promise<Access> {
  return accessWith(io, await passwordsFor(io, options), options);
}

/**
 * The passwords that the options ask for or that the environment names a file of. Throws `UserError` where one is asked
 * for and there is neither its file nor a terminal.
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

/** As often as it is needed, without asking again: a transport is closed by the run that had it. */
export async function accessWith(io: Io, passwords: Passwords, { maxOutput }: Bounds): Promise<Access> {
  const limits = maxOutput === undefined ? {} : { maxOutputBytes: maxOutput };
  const masked = [passwords.login, passwords.sudo].filter((secret) => secret !== undefined);
  if (io.transport) return { transport: io.transport(limits), passwords: masked };
  const { createSshTransport } = await import('../transport/ssh.ts');
  return { transport: createSshTransport({ ...limits, passwords }), passwords: masked };
}

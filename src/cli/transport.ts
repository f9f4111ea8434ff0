import type { Transport } from '../transport/session.ts';
import type { Io } from './io.ts';
import { keyring } from './keyring.ts';
import type { LoginOptions } from './options.ts';

/** The way to the hosts: SSH, with the passwords that were asked for. */
export async function createTransport(io: Io, options: LoginOptions): Promise<Transport> {
  if (io.transport) return io.transport();
  const { createSshTransport } = await import('../transport/ssh.ts');
  const keys = keyring(io);
  const login = options.askPassword
    ? await keys.password('SSH password', 'OSHA_SSH_PASSWORD_FILE')
    : undefined;
  const sudo = options.askSudoPassword
    ? await keys.password('sudo password', 'OSHA_SUDO_PASSWORD_FILE')
    : undefined;
  return createSshTransport({ passwords: { ...(login ? { login } : {}), ...(sudo ? { sudo } : {}) } });
}

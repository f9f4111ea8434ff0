import { ConnectError, type ConnectFailure } from './errors.ts';
import type { HostKeyVerdict } from './host-keys.ts';
import { sshCommand, whereOf, type Destination } from './route.ts';

/** What is known about a failed connection. */
export interface FailureContext {
  readonly to: Destination;
  /** The address as written in known_hosts, and the files that were read. */
  readonly keys: { readonly name: string; readonly files: readonly string[] };
  readonly verdict: HostKeyVerdict | undefined;
  /** The login methods that were tried. */
  readonly tried: string;
}

interface Explanation {
  readonly kind: ConnectFailure;
  readonly message: (where: string) => string;
  readonly hint: string;
}

const BY_CODE: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: {
    kind: 'unreachable',
    message: (where) => `${where} refuses connections`,
    hint: 'is sshd running there, and is the port right?',
  },
  EHOSTUNREACH: noRoute(),
  ENETUNREACH: noRoute(),
  EHOSTDOWN: noRoute(),
  ENOTFOUND: unknownName(),
  EAI_AGAIN: unknownName(),
  ETIMEDOUT: {
    kind: 'timed-out',
    message: (where) => `connection to ${where} timed out`,
    hint: 'is the host up, and does a firewall allow SSH?',
  },
};

/** Turns an error of the network or of ssh2 into a message and a hint for the operator. */
export function connectFailure(
  cause: Error & { readonly code?: string | number; readonly level?: string },
  { to, keys, verdict, tried }: FailureContext,
): ConnectError {
  if (cause instanceof ConnectError) return cause;
  const keyRejection = verdict && rejectedKey(verdict, keys);
  if (keyRejection) return keyRejection;
  const where = whereOf(to);
  const known = BY_CODE[String(cause.code)];
  if (known) return new ConnectError(known.kind, known.message(where), known.hint, { cause });
  if (/too many authentication failures/i.test(cause.message)) {
    return new ConnectError(
      'login-refused',
      `${where} rejected ${to.user} after too many keys`,
      'set the key in the inventory (ssh.identity), or remove keys from the agent',
      { cause },
    );
  }
  if (cause.level === 'client-authentication' || cause.level === 'agent') {
    return new ConnectError(
      'login-refused',
      `${where} rejected ${to.user} ${tried}`,
      `try: ${sshCommand(to)}; is the public key in ~${to.user}/.ssh/authorized_keys? To log in with a password: --ask-password`,
      { cause },
    );
  }
  if (/before handshake|ECONNRESET|No response/.test(`${cause.message} ${cause.code ?? ''}`)) {
    return new ConnectError(
      'unreachable',
      `${where} closed the connection before the login`,
      'is it sshd that listens there? Is it overloaded (MaxStartups), or does it ban this address?',
      { cause },
    );
  }
  return new ConnectError(
    'unreachable',
    `cannot connect to ${where}: ${cause.message}`,
    `try: ${sshCommand(to, ' -v')}`,
    {
      cause,
    },
  );
}

function noRoute(): Explanation {
  return {
    kind: 'unreachable',
    message: (where) => `no route to ${where}`,
    hint: 'is the host up, and on a network that this machine can reach?',
  };
}

function unknownName(): Explanation {
  return {
    kind: 'name-unknown',
    message: (where) => `cannot resolve ${where}`,
    hint: 'correct the name, or use an IP address in the inventory',
  };
}

function rejectedKey(
  verdict: HostKeyVerdict,
  { name, files }: FailureContext['keys'],
): ConnectError | undefined {
  switch (verdict.kind) {
    case 'known':
      return undefined;
    case 'unknown':
      return new ConnectError(
        'host-key-unknown',
        `the host key of ${name} (${verdict.shown}) is in none of ${files.join(', ')}`,
        'compare the fingerprint with the one on the host itself, then record the key with --accept-new',
      );
    case 'changed':
      return new ConnectError(
        'host-key-changed',
        `the host key of ${name} (${verdict.shown}) is not the one in ${verdict.where}`,
        'someone may be intercepting the connection. If the host was reinstalled, remove its old key: ' +
          `ssh-keygen -R '${name}' -f ${verdict.where.replace(/:\d+$/, '')}`,
      );
    case 'revoked':
      return new ConnectError(
        'host-key-changed',
        `the host key of ${name} (${verdict.shown}) is revoked in ${verdict.where}`,
        'do not trust this machine; generate a new host key on the host',
      );
  }
}

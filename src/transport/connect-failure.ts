import { ConnectError, type ConnectFailure } from './errors.ts';
import type { HostKeyVerdict } from './host-keys.ts';

/** Where a connection goes. */
export interface Destination {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The inventory's private key. */
  readonly identity?: string;
  /** Private keys that ssh's configuration names, where the inventory names none; they may not be there. */
  readonly identityFiles?: readonly string[];
  /** Of the agent's keys, only those in these files (or the user's own) are offered. */
  readonly identitiesOnly?: boolean;
}

/** What was known when a connection failed. */
export interface FailureContext {
  readonly to: Destination;
  /** How the address stands in known_hosts, and the files that were read. */
  readonly keys: { readonly name: string; readonly files: readonly string[] };
  readonly verdict: HostKeyVerdict | undefined;
  /** What was offered to log in with. */
  readonly tried: string;
}

interface Explained {
  readonly kind: ConnectFailure;
  readonly says: (where: string) => string;
  readonly hint: string;
}

const BY_CODE: Readonly<Record<string, Explained>> = {
  ECONNREFUSED: {
    kind: 'unreachable',
    says: (where) => `${where} refuses connections`,
    hint: 'is sshd running there, and is the port right?',
  },
  EHOSTUNREACH: noWay(),
  ENETUNREACH: noWay(),
  EHOSTDOWN: noWay(),
  ENOTFOUND: unknownName(),
  EAI_AGAIN: unknownName(),
  ETIMEDOUT: {
    kind: 'timed-out',
    says: (where) => `${where} does not answer`,
    hint: 'is the host up, and does a firewall let ssh through?',
  },
};

/** The address as a person reads it. */
export function whereOf(to: Destination): string {
  return to.port === 22 ? to.address : `${to.address} port ${to.port}`;
}

/** An `ssh` command that goes the same way, for hints. */
export function sshCommand(to: Destination, options = ''): string {
  const port = to.port === 22 ? '' : ` -p ${to.port}`;
  const keys = to.identity === undefined ? (to.identityFiles ?? []) : [to.identity];
  const identities = keys.map((file) => ` -i ${file}`).join('');
  return `ssh${options}${port}${identities} ${to.user}@${to.address}`;
}

/** The failure of a connection as an operator understands it. */
export function connectFailure(
  cause: Error & { readonly code?: string | number; readonly level?: string },
  { to, keys, verdict, tried }: FailureContext,
): ConnectError {
  if (cause instanceof ConnectError) return cause;
  const refused = verdict && keyRefused(verdict, keys);
  if (refused) return refused;
  const where = whereOf(to);
  const explained = BY_CODE[String(cause.code)];
  if (explained) return new ConnectError(explained.kind, explained.says(where), explained.hint, { cause });
  if (/too many authentication failures/i.test(cause.message)) {
    return new ConnectError(
      'login-refused',
      `${where} ended the login of ${to.user} after too many keys`,
      'say in the inventory which key to use (ssh.identity), or take keys out of the agent',
      { cause },
    );
  }
  if (cause.level === 'client-authentication' || cause.level === 'agent') {
    return new ConnectError(
      'login-refused',
      `${where} does not let ${to.user} in ${tried}`,
      `try: ${sshCommand(to)}; is the public key in ~${to.user}/.ssh/authorized_keys? To log in with a password: --ask-password`,
      { cause },
    );
  }
  if (/before handshake|ECONNRESET|No response/.test(`${cause.message} ${cause.code ?? ''}`)) {
    return new ConnectError(
      'unreachable',
      `${where} took the connection and ended it before the login`,
      'does sshd listen there (and not something else)? Is it overloaded (MaxStartups), or does it ban this address?',
      { cause },
    );
  }
  return new ConnectError(
    'unreachable',
    `no connection to ${where}: ${cause.message}`,
    `try: ${sshCommand(to, ' -v')}`,
    {
      cause,
    },
  );
}

function noWay(): Explained {
  return {
    kind: 'unreachable',
    says: (where) => `no route to ${where}`,
    hint: 'is the host up, and is it on a network that this machine reaches?',
  };
}

function unknownName(): Explained {
  return {
    kind: 'name-unknown',
    says: (where) => `the name ${where} is not known`,
    hint: 'write an address in the inventory, or correct the name',
  };
}

function keyRefused(
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
        'on the first contact, compare it with what the host itself says, then record it with --accept-new',
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
        'do not trust what answers there; give the host a new key',
      );
  }
}

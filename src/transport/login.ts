import type { Duplex } from 'node:stream';
import type { Client, AuthHandlerMiddleware } from 'ssh2';
import type { Secret } from '../secrets/secret.ts';
import { connectFailure, type Destination } from './connect-failure.ts';
import { ConnectError } from './errors.ts';
import { HostKeys, knownHostsFiles, type HostKeyVerdict } from './host-keys.ts';
import type { Liveness } from './open-shell.ts';
import { livingAgent } from './agent.ts';
import { encryptedIdentity, identitiesOf } from './identities.ts';

/** Milliseconds that a connection may take to end politely. */
const ENDED_WITHIN_MS = 1000;

export interface LoginOptions {
  readonly knownHosts: readonly string[];
  readonly acceptNew: boolean;
  readonly liveness: Liveness;
  /** Offered where no key is accepted. */
  readonly password?: Secret;
  /** The way there, where it leads through a jump host. */
  readonly through?: Duplex;
  /** Ends the attempt. There is no other limit. */
  readonly signal: AbortSignal;
  /** Called with each stage as it begins, for the message when the time is over in it. */
  readonly onStage?: (stage: string) => void;
}

/** Logs in and returns the connection. The host's key is checked first. Throws `ConnectError`, or the signal's reason. */
export async function login(to: Destination, options: LoginOptions): Promise<Client> {
  const { NodeSSH } = await import('node-ssh');
  const methods = await loginMethods(to, options.password);
  options.signal.throwIfAborted();
  const keys = new HostKeys(knownHostsFiles(options.knownHosts), to.address, to.port);
  let verdict: HostKeyVerdict | undefined;
  let fresh: Buffer | undefined;
  const ssh = new NodeSSH();
  const connecting = ssh.connect({
    host: to.address,
    port: to.port,
    username: to.user,
    readyTimeout: 0,
    keepaliveInterval: options.liveness.intervalMs,
    keepaliveCountMax: options.liveness.missed,
    authHandler: methods.handler,
    algorithms: { serverHostKey: keys.algorithms },
    ...(options.through ? { sock: options.through } : {}),
    // Without this ssh2 would trust any key.
    hostVerifier: (key: Buffer) => {
      verdict = keys.judge(key);
      fresh = verdict.kind === 'unknown' && options.acceptNew ? key : undefined;
      return verdict.kind === 'known' || fresh !== undefined;
    },
  });
  const client = ssh.connection;
  if (!client) throw new Error('node-ssh made no connection');
  let first: Error | undefined;
  // node-ssh stops listening once it is connected, and an error that nobody hears would end this process.
  client.on('error', (error) => (first ??= error));
  client.once('connect', () => options.onStage?.('the login'));
  // Only with the handshake has the host proved that the key is its own.
  client.once('handshake', () => {
    try {
      if (fresh) keys.record(fresh);
    } catch (cause) {
      first = notRecorded(keys, cause as Error);
      client.destroy();
    }
  });
  const abort = (): void => void client.destroy();
  options.signal.addEventListener('abort', abort, { once: true });
  try {
    await connecting;
    // Requests and answers are small: waiting to fill packets would cost up to 40 ms each.
    client.setNoDelay(true);
    return client;
  } catch (error) {
    client.destroy();
    options.signal.throwIfAborted();
    const refused = fresh ? undefined : verdict;
    throw connectFailure(first ?? (error as Error), { to, keys, verdict: refused, tried: methods.tried() });
  } finally {
    options.signal.removeEventListener('abort', abort);
  }
}

function notRecorded(keys: HostKeys, cause: Error): ConnectError {
  return new ConnectError(
    'host-key-unknown',
    `the host key of ${keys.name} cannot be recorded: ${cause.message}`,
    'make the first file of ssh.knownHosts one that can be written',
    { cause },
  );
}

/** Ends a connection politely, and after a second anyway. */
export function disconnect(client: Client): Promise<void> {
  return new Promise((ended) => {
    const late = setTimeout(() => {
      client.destroy();
      ended();
    }, ENDED_WITHIN_MS);
    client.once('close', () => {
      clearTimeout(late);
      ended();
    });
    client.end();
  });
}

type Method = Exclude<Parameters<Parameters<AuthHandlerMiddleware>[2]>[0], string | false>;

/** Tells ssh2 that there is nothing more to try; its types lack it. */
const NONE_LEFT = false as never;

/** How to log in somewhere: what is tried one after another, and what that turned out to be. */
interface LoginMethods {
  readonly handler: AuthHandlerMiddleware;
  /** What was tried, and what the host would have taken: for the message when nothing fitted. */
  tried(): string;
}

/**
 * The key files (the inventory's, or those of ssh's configuration, or the user's own), then the agent's keys, then the
 * password if there is one. An agent that does not answer is left out. Throws a `ConnectError` when the inventory's key cannot be used.
 */
async function loginMethods(to: Destination, password: Secret | undefined): Promise<LoginMethods> {
  const username = to.user;
  const { usable, skipped, certificates, publicKeys } = identitiesOf(to);
  const agent = await livingAgent(to.identitiesOnly ? publicKeys : undefined);
  if (agent === undefined && to.identity !== undefined && skipped.length > 0) {
    throw encryptedIdentity(to.identity);
  }
  const methods: Method[] = usable.map(({ key }) => ({ type: 'publickey', username, key }));
  const names = usable.map(({ file }) => `the key ${file}`);
  if (agent) {
    methods.push({ type: 'agent', username, agent: agent.agent });
    names.push(`${agent.keys} key${agent.keys === 1 ? '' : 's'} of the agent`);
  }
  if (password) {
    methods.push({ type: 'password', username, password: password.reveal() }, asked(username, password));
    names.push('the password');
  }
  let accepted: readonly string[] = [];
  const left = [...methods];
  return {
    handler: (methodsLeft: readonly string[] | null, _partial, next) => {
      if (methodsLeft) accepted = methodsLeft;
      let method = left.shift();
      // "agent" is a way to answer "publickey". What the host does not take would only be counted against us.
      while (
        method &&
        methodsLeft &&
        !methodsLeft.includes(method.type === 'agent' ? 'publickey' : method.type)
      ) {
        method = left.shift();
      }
      next(method ?? NONE_LEFT);
    },
    tried: () => {
      const offer = names.length > 0 ? `with ${names.join(', ')}` : 'without any key or password';
      const rest = skipped.map(({ file, why }) => `; ${file} ${why}`).join('');
      const unused = certificates
        .map((file) => `; the certificate ${file} was not offered: osha cannot`)
        .join('');
      return `${offer}${rest}${unused}${accepted.length > 0 ? ` (it takes: ${accepted.join(', ')})` : ''}`;
    },
  };
}

/** Hosts that ask for the password by PAM, instead of taking it. */
function asked(username: string, password: Secret): Method {
  let answered = false;
  return {
    type: 'keyboard-interactive',
    username,
    prompt: (_name, _instructions, _language, prompts, finish) => {
      const again = answered;
      answered ||= prompts.length > 0;
      finish(prompts.map(({ echo }) => (echo || again ? '' : password.reveal())));
    },
  };
}

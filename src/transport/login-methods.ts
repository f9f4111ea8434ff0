import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type AuthHandlerMiddleware, type BaseAgent, type ParsedKey } from 'ssh2';
import type { Secret } from '../secrets/secret.ts';
import { ConnectError } from './errors.ts';
import type { Destination } from './route.ts';

/** Milliseconds for an agent to list its keys: with a smart card it takes a second or two. */
const AGENT_WITHIN_MS = 5000;

/** The authentication methods for one login, in order. */
export interface LoginMethods {
  /** Passed to ssh2. */
  readonly handler: AuthHandlerMiddleware;
  /** What was tried and what the host would have accepted, for the error message. */
  tried(): string;
}

type Method = Exclude<Parameters<Parameters<AuthHandlerMiddleware>[2]>[0], string | false>;

/** Tells ssh2 to stop trying; its types lack it. */
const NONE_LEFT = false as never;

/**
 * Key files (from the inventory, else the ssh configuration, else the user's default keys), then the agent's keys, then the
 * password if there is one. Skips an agent that does not answer. Throws a `ConnectError` when the inventory's key is unusable.
 */
export async function loginMethods(to: Destination, password: Secret | undefined): Promise<LoginMethods> {
  const username = to.user;
  const { usable, skipped, certificates, publicKeys } = identitiesOf(to);
  const agent = await usableAgent(to.identitiesOnly ? publicKeys : undefined);
  if (agent === undefined && to.identity !== undefined && skipped.length > 0) {
    throw encryptedIdentity(to.identity);
  }
  const methods: Method[] = usable.map(({ key }) => ({ type: 'publickey', username, key }));
  const names = usable.map(({ file }) => `the key ${file}`);
  if (agent) {
    methods.push({ type: 'agent', username, agent: agent.agent });
    names.push(`${agent.keys} agent key${agent.keys === 1 ? '' : 's'}`);
  }
  if (password) {
    methods.push(
      { type: 'password', username, password: password.reveal() },
      interactive(username, password),
    );
    names.push('the password');
  }
  let accepted: readonly string[] = [];
  const left = [...methods];
  return {
    handler: (methodsLeft: readonly string[] | null, _partial, next) => {
      if (methodsLeft) accepted = methodsLeft;
      let method = left.shift();
      // To the host, "agent" is "publickey". A method that it does not accept would only count towards its limit.
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
        .map((file) => `; the certificate ${file} was not offered: osha does not support it`)
        .join('');
      return `${offer}${rest}${unused}${accepted.length > 0 ? ` (it accepts: ${accepted.join(', ')})` : ''}`;
    },
  };
}

/** For hosts that ask for the password through PAM. */
function interactive(username: string, password: Secret): Method {
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

/** An agent that answered, and the number of keys it can offer. */
interface UsableAgent {
  readonly agent: BaseAgent;
  readonly keys: number;
}

/**
 * The agent in `SSH_AUTH_SOCK`; `undefined` when there is none, or it is dead, offers no key or does not answer in time
 * (default 5 s). `only` limits it to these public keys, in wire format.
 */
export async function usableAgent(
  only?: readonly Buffer[],
  withinMs = AGENT_WITHIN_MS,
): Promise<UsableAgent | undefined> {
  const socket = process.env['SSH_AUTH_SOCK'];
  if (socket === undefined || socket === '') return undefined;
  const agent = ssh2.createAgent(socket);
  if (only) {
    const all = agent.getIdentities.bind(agent);
    const isWanted = (key: unknown): boolean => {
      const parsed = ssh2.utils.parseKey(key as ParsedKey);
      return !(parsed instanceof Error) && only.some((blob) => blob.equals(parsed.getPublicSSH()));
    };
    agent.getIdentities = (answer) => all((error, keys) => answer(error, keys?.filter(isWanted)));
  }
  return new Promise((found) => {
    const late = setTimeout(() => found(undefined), withinMs);
    agent.getIdentities((error, keys) => {
      clearTimeout(late);
      found(error || !keys || keys.length === 0 ? undefined : { agent, keys: keys.length });
    });
  });
}

/** A private key that can be offered. */
interface Identity {
  readonly file: string;
  readonly key: Buffer;
}

/** A file that cannot be offered. `why` completes a sentence: "has a passphrase". */
interface SkippedKey {
  readonly file: string;
  readonly why: string;
}

/** Private keys to offer, and what else was found. */
interface Identities {
  readonly usable: readonly Identity[];
  readonly skipped: readonly SkippedKey[];
  /** Certificates of these keys (`-cert.pub`); ssh2 cannot offer them. */
  readonly certificates: readonly string[];
  /** Public keys of all these files, in wire format, where they can be read without a passphrase. */
  readonly publicKeys: readonly Buffer[];
}

/**
 * The inventory's key, else those of the ssh configuration, else the user's default keys. Throws a `ConnectError` when the
 * inventory's key cannot be read or is not a private key. Keys of the ssh configuration may be missing.
 */
export function identitiesOf({
  identity,
  identityFiles,
}: Pick<Destination, 'identity' | 'identityFiles'>): Identities {
  const own = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name));
  const files = identity === undefined ? (identityFiles ?? own.filter(existsSync)) : [identity];
  const usable: Identity[] = [];
  const skipped: SkippedKey[] = [];
  for (const file of files) {
    const found = read(file);
    if (identity !== undefined && 'failure' in found) throw found.failure;
    if ('why' in found) skipped.push({ file, why: found.why });
    else usable.push({ file, key: found.key });
  }
  const certificates = files.map((file) => `${file}-cert.pub`).filter((file) => existsSync(file));
  return { usable, skipped, certificates, publicKeys: files.flatMap((file) => publicKeyOf(file) ?? []) };
}

function encryptedIdentity(file: string): ConnectError {
  return new ConnectError(
    'identity-unreadable',
    `the key ${file} has a passphrase, and no agent holds it`,
    `add it to an agent, then retry: eval "$(ssh-agent)"; ssh-add ${file}`,
  );
}

/** A key to offer, or the reason against it; `failure` where not even an agent could help. */
type Found =
  | { readonly key: Buffer }
  | { readonly why: string }
  | { readonly why: string; readonly failure: ConnectError };

function read(file: string): Found {
  let key: Buffer;
  try {
    key = readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    const failure = new ConnectError(
      'identity-unreadable',
      `cannot read the key ${file}: ${code}`,
      'correct ssh.identity in the inventory, or the file permissions',
      { cause },
    );
    return { why: code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`, failure };
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key.toString('latin1'))) {
    const failure = new ConnectError(
      'identity-unreadable',
      `${file} is not a private key`,
      'set ssh.identity to the private key, the file without .pub',
    );
    return { why: 'is not a private key', failure };
  }
  const exposed = exposure(file);
  if (exposed !== undefined) {
    const failure = new ConnectError(
      'identity-unreadable',
      `the key ${file} ${exposed}`,
      `ssh refuses it too: chmod 600 ${file}`,
    );
    return { why: exposed, failure };
  }
  return isEncrypted(key) ? { why: 'has a passphrase' } : (damaged(file, key) ?? { key });
}

/** The same rule as ssh: one's own key must not be readable by others. */
function exposure(file: string): string | undefined {
  const { mode, uid } = statSync(file);
  if (uid !== process.getuid?.() || (mode & 0o077) === 0) return undefined;
  return `is readable by others (mode ${(mode & 0o777).toString(8)})`;
}

function damaged(file: string, key: Buffer): Found | undefined {
  const parsed = ssh2.utils.parseKey(key);
  if (!(parsed instanceof Error)) return undefined;
  const failure = new ConnectError(
    'identity-unreadable',
    `the key ${file} is damaged, or of an unsupported type`,
    `see what ssh says about it: ssh-keygen -y -f ${file}`,
    { cause: parsed },
  );
  return { why: 'is damaged, or of an unsupported type', failure };
}

/** The decoded bytes of a key in OpenSSH's own format (its PROTOCOL.key). */
function openSshKey(pem: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(pem)?.[1];
  return body === undefined ? undefined : Buffer.from(body, 'base64');
}

/** By a PEM header, or by a cipher other than "none" in OpenSSH's own format. */
function isEncrypted(key: Buffer): boolean {
  const pem = key.toString('latin1');
  if (/Proc-Type: 4,ENCRYPTED|BEGIN ENCRYPTED PRIVATE KEY/.test(pem)) return true;
  const bytes = openSshKey(pem);
  return bytes !== undefined && fieldsOf(bytes, MAGIC.length)[0]?.toString('latin1') !== 'none';
}

const MAGIC = 'openssh-key-v1\0';

/** Like ssh: `file` may be a public key itself, hold it unencrypted, or have it next to it in `file.pub`. */
function publicKeyOf(file: string): Buffer | undefined {
  for (const path of [file, `${file}.pub`]) {
    try {
      const text = readFileSync(path, 'latin1');
      const line = /^(?:ssh-|ecdsa-|sk-)\S+\s+(\S+)/.exec(text)?.[1];
      if (line !== undefined) return Buffer.from(line, 'base64');
      const bytes = openSshKey(text);
      // Cipher, key derivation, its options; number of keys (4 bytes); public key.
      const [cipher, derivation, options] = bytes ? fieldsOf(bytes, MAGIC.length) : [];
      if (!bytes || !cipher || !derivation || !options) continue;
      const at = MAGIC.length + 12 + cipher.length + derivation.length + options.length + 4;
      const [publicKey] = fieldsOf(bytes, at);
      if (publicKey) return publicKey;
    } catch {
      // Missing or unreadable: reported where the private key is read.
    }
  }
  return undefined;
}

/** Up to three fields from offset `at`, each prefixed by its length (4 bytes). Stops at a truncated field. */
function fieldsOf(bytes: Buffer, at: number): readonly Buffer[] {
  const fields: Buffer[] = [];
  let from = at;
  while (fields.length < 3 && from + 4 <= bytes.length) {
    const end = from + 4 + bytes.readUInt32BE(from);
    if (end > bytes.length) break;
    fields.push(bytes.subarray(from + 4, end));
    from = end;
  }
  return fields;
}

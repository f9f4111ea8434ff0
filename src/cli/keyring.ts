import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SealKey, SealTarget } from '../secrets/seal.ts';
import { Secret } from '../secrets/secret.ts';
import { FILE_TROUBLE, UserError } from './errors.ts';
import type { Io } from './io.ts';

/** Where passwords and keys come from: a file that the environment names, or the person at the terminal. */
export interface Keyring {
  /** One line of text. Throws `UserError` where there is neither the file nor a terminal, and for no password at all. */
  readonly password: (what: string, variable: string) => Promise<Secret>;
  /** What opens sealed secrets. Throws like `password`. */
  readonly unlock: () => Promise<SealKey>;
  /** The identity in the file that the environment names; nothing where it names none. */
  readonly identity: () => Promise<SealKey | undefined>;
  /** What seals secrets: for the recipients, or with a passphrase that is asked for twice. Throws like `password`. */
  readonly target: (recipients: readonly string[]) => Promise<SealTarget>;
}

const IDENTITY = 'OSHA_AGE_IDENTITY';
const PASSPHRASE = 'OSHA_PASSPHRASE_FILE';

/** Also of a pipe, such as a shell's `<(pass show osha)`. Throws `UserError`. */
function contentOf(file: string, folder: string, variable: string): string {
  try {
    return readFileSync(resolve(folder, file), 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new UserError(`cannot read ${file}: ${FILE_TROUBLE[code] ?? code}`, {
      hint: `${variable} names it`,
    });
  }
}

/**
 * The keys that this call can get at. The environment only ever holds a file's name: what it holds itself, every child
 * process and `ps e` could read.
 */
export function keyring(io: Io): Keyring {
  const fromFile = (variable: string): string | undefined => {
    const file = io.env[variable];
    return file ? contentOf(file, io.cwd, variable).replace(/\r?\n$/, '') : undefined;
  };
  const ask = async (what: string, hint: string): Promise<string> => {
    if (!io.askHidden)
      throw new UserError(`the ${what} is required, and there is no terminal to ask for it`, { hint });
    return io.askHidden(`${what}: `);
  };
  const passphrase = async (what: string): Promise<string> =>
    fromFile(PASSPHRASE) ??
    (await ask(
      what,
      `name a file that holds it in ${PASSPHRASE}, or one with an age identity in ${IDENTITY}`,
    ));
  const identity = async (): Promise<SealKey | undefined> => {
    const text = fromFile(IDENTITY);
    if (text === undefined) return undefined;
    const { identitiesIn } = await import('../secrets/seal.ts');
    return { identities: identitiesIn(text) };
  };
  return {
    password: async (what, variable) => {
      const hint = `name a file that holds it in ${variable}`;
      const given = fromFile(variable) ?? (await ask(what, hint));
      if (given === '') throw new UserError(`the ${what} is empty`, { hint });
      // A second line would be read by whatever sudo starts.
      if (/[\r\n\0]/.test(given)) throw new UserError(`the ${what} is more than one line`, { hint });
      return new Secret(what, given);
    },
    unlock: async () => (await identity()) ?? { passphrase: await passphrase('passphrase of the secrets') },
    identity,
    target: async (recipients) => {
      if (recipients.length > 0) return { recipients };
      const first = await passphrase('new passphrase of the secrets');
      if (first === '') throw new UserError('an empty passphrase protects nothing');
      if (io.env[PASSPHRASE]) return { passphrase: first };
      if ((await ask('repeat it', '')) !== first) throw new UserError('the passphrases do not match');
      return { passphrase: first };
    },
  };
}

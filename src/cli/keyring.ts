import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SealKey, SealTarget } from '../secrets/seal.ts';
import { Secret } from '../secrets/secret.ts';
import { FILE_TROUBLE, UserError } from './errors.ts';
import type { Io } from './io.ts';

/** Passwords and keys, from a file that the environment names or from the person at the terminal. */
export interface Keyring {
  /** One line. Throws `UserError` where there is neither a file nor a terminal, and for an empty password. */
  readonly password: (what: string, variable: string) => Promise<Secret>;
  /** The key that opens sealed secrets. Throws like `password`. */
  readonly unlock: () => Promise<SealKey>;
  /** The age identity in the file that the environment names; `undefined` where it names none. */
  readonly identity: () => Promise<SealKey | undefined>;
  /** What to seal secrets with: the recipients' keys, or a passphrase that is asked for twice. Throws like `password`. */
  readonly target: (recipients: readonly string[]) => Promise<SealTarget>;
}

const IDENTITY = 'OSHA_AGE_IDENTITY';
const PASSPHRASE = 'OSHA_PASSPHRASE_FILE';

/** The content of a file or of a pipe, such as a shell's `<(pass show osha)`. Throws `UserError`. */
function contentOf(file: string, folder: string, variable: string): string {
  try {
    return readFileSync(resolve(folder, file), 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new UserError(`cannot read ${file}: ${FILE_TROUBLE[code] ?? code}`, {
      hint: `the file is set in ${variable}`,
    });
  }
}

/**
 * The keyring of one command. The environment holds file names only: every child process and `ps e` can read what is in
 * it.
 */
export function keyring(io: Io): Keyring {
  const fromFile = (variable: string): string | undefined => {
    const file = io.env[variable];
    return file ? contentOf(file, io.cwd, variable).replace(/\r?\n$/, '') : undefined;
  };
  const ask = async (what: string, hint: string): Promise<string> => {
    if (!io.askHidden)
      throw new UserError(`the ${what} is required, but there is no terminal to ask for it`, { hint });
    return io.askHidden(`${what}: `);
  };
  const passphrase = async (what: string): Promise<string> =>
    fromFile(PASSPHRASE) ??
    (await ask(
      what,
      `set ${PASSPHRASE} to a file that contains it, or ${IDENTITY} to a file with an age identity`,
    ));
  const identity = async (): Promise<SealKey | undefined> => {
    const text = fromFile(IDENTITY);
    if (text === undefined) return undefined;
    const { identitiesIn } = await import('../secrets/seal.ts');
    return { identities: identitiesIn(text) };
  };
  return {
    password: async (what, variable) => {
      const hint = `set ${variable} to a file that contains it`;
      const given = fromFile(variable) ?? (await ask(what, hint));
      if (given === '') throw new UserError(`the ${what} is empty`, { hint });
      // The command that sudo starts would read a second line from its stdin.
      if (/[\r\n\0]/.test(given)) throw new UserError(`the ${what} has more than one line`, { hint });
      return new Secret(what, given);
    },
    unlock: async () => (await identity()) ?? { passphrase: await passphrase('passphrase of the secrets') },
    identity,
    target: async (recipients) => {
      if (recipients.length > 0) return { recipients };
      const first = await passphrase('new passphrase of the secrets');
      if (first === '') throw new UserError('the passphrase is empty');
      if (io.env[PASSPHRASE]) return { passphrase: first };
      if ((await ask('repeat it', '')) !== first) throw new UserError('the passphrases do not match');
      return { passphrase: first };
    },
  };
}

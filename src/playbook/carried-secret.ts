import type { Host } from '../inventory/types.ts';
import type { Secret } from '../secrets/secret.ts';

/** How a secret is found in a file. As data, so that one question to a host costs it few processes. */
export type Where =
  /** It is the first line of the file; with `with`, only where osha placed that other file as well. */
  | { readonly in: 'file'; readonly with?: string | undefined }
  /** It is in a line of a file that osha placed. */
  | ({ readonly in: 'line' } & LineOfFile)
  /** POSIX sh that only reads prints it, and nothing where there is none. Its exit code means nothing. */
  | { readonly in: 'output'; readonly script: string };

/** The line of a file that a secret is in; the first one that has it counts. */
export interface LineOfFile {
  /** What the line begins with, after spaces. The secret follows, up to the first character that no secret has. */
  readonly line: string;
  /** What comes between, up to where the secret begins, such as the beginning of a URL. */
  readonly after?: string | undefined;
  /** The section of an INI file; `line` is then a key, and `=` follows with any spaces. */
  readonly section?: string | undefined;
}

/**
 * Where a secret is found on the hosts once it is in use. A deployment asks there before it changes anything: a folder that
 * lacks the secret, or has another one, must not replace it in passing. `osha secrets adopt` reads it back from there.
 */
export interface CarriedSecret {
  /** Its name. */
  readonly secret: string;
  /** Every host that has it there, whatever `--limit` says. */
  readonly hosts: readonly Host[];
  /** The file that it stands in. */
  readonly path: string;
  readonly where: Where;
  /** What of the secret stands there; default all of it. Pure. */
  readonly holds?: ((secret: Secret) => string) | undefined;
  /** How much of the secret can be read back there; default all of it. Of a beginning, any secret that begins so will do. */
  readonly restores?: 'all' | 'beginning' | 'nothing' | undefined;
}

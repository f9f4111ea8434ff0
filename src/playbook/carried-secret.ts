import type { Host } from '../inventory/types.ts';
import type { Secret } from '../secrets/secret.ts';

/** How to find a secret on a host. Data rather than code, so that one probe for all secrets needs few processes. */
export type Where =
  /** The first line of the file; with `with`, only if osha also placed that other file. */
  | { readonly in: 'file'; readonly with?: string | undefined }
  /** Part of a line in a file placed by osha. */
  | ({ readonly in: 'line' } & LineOfFile)
  /** The output of a read-only POSIX sh script; empty if there is none. The exit code is ignored. */
  | { readonly in: 'output'; readonly script: string };

/** A line with a secret; the first matching line counts. */
export interface LineOfFile {
  /** The start of the line, after spaces. The secret follows, up to the first character that secrets cannot have. */
  readonly line: string;
  /** Text directly before the secret, such as the beginning of a URL. */
  readonly after?: string | undefined;
  /** The section of an INI file; `line` is then a key, followed by `=` with any spaces. */
  readonly section?: string | undefined;
}

/**
 * Where hosts store a secret in use. A deployment compares it before any change, so that a folder with a missing or different
 * secret does not replace it by accident. `osha secrets adopt` reads it back.
 */
export interface CarriedSecret {
  /** The name of the secret. */
  readonly secret: string;
  /** All hosts that store it there, regardless of `--limit`. */
  readonly hosts: readonly Host[];
  /** The file with the secret. */
  readonly path: string;
  readonly where: Where;
  /** The part or hash of the secret that is stored; default: all of it. Pure. */
  readonly holds?: ((secret: Secret) => string) | undefined;
  /** How much of the secret can be read back; default: all of it. A beginning may be completed with any end. */
  readonly restores?: 'all' | 'beginning' | 'nothing' | undefined;
}

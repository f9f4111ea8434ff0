import type { ProbeAnswer } from '../playbook/operation.ts';
import { ProbeError } from '../playbook/operation.ts';
import { quote } from './shell.ts';

/** Files above this size, in bytes, are not fetched to show a difference. */
const LARGEST_SHOWN_BYTES = 256 * 1024;

interface Owned {
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
}

/** What stands at a path. `what` is how a sentence names it. */
export type PathState =
  | {
      readonly kind: 'missing';
      /** Whether the directory that it goes into is there. */ readonly parent: boolean;
    }
  | ({
      readonly kind: 'file';
      readonly what: 'a file';
      readonly sizeBytes: number;
      /** Whether its content is the one that was asked about. */
      readonly same: boolean;
      /** Only where it is not the same, is text, and is not too large. */
      readonly content?: string;
    } & Owned)
  | ({ readonly kind: 'directory'; readonly what: 'a directory' } & Owned)
  | { readonly kind: 'link'; readonly what: 'a symbolic link'; readonly target: string }
  | { readonly kind: 'other'; readonly what: string };

/**
 * A script that says what stands at `path`. With `compare` it reads a SHA-256 sum on stdin, and prints the file's
 * content in base64 only where its own sum is another one.
 */
export function pathProbeScript(path: string, options: { readonly compare: boolean }): string {
  const compare = `
  read -r expected
  actual=$(sha256sum <"$p")
  if [ "\${actual%% *}" = "$expected" ]; then echo same
  elif [ "$(stat -c %s -- "$p")" -le ${LARGEST_SHOWN_BYTES} ]; then echo different; base64 -w 0 -- "$p"
  else echo large; fi`;
  return `p=${quote(path)}
if [ -L "$p" ]; then printf 'link %s\\n' "$(readlink -- "$p")"
elif [ -f "$p" ]; then
  stat -c 'file %U %G %a %s' -- "$p"${options.compare ? compare : ''}
elif [ -d "$p" ]; then stat -c 'directory %U %G %a' -- "$p"
elif [ -e "$p" ]; then stat -c 'other %F' -- "$p"
elif [ -d "\${p%/*}/" ]; then echo missing
else echo missing-parent; fi`;
}

function decode(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Understands what `pathProbeScript` printed. Throws a `ProbeError` where that makes no sense. */
export function parsePathState(path: string, answer: ProbeAnswer): PathState {
  const [first = '', compared = '', encoded = ''] = answer.stdout.split('\n');
  const [kind = '', ...rest] = first.split(' ');
  const [owner = '', group = '', mode = '', size = ''] = rest;
  const owned = { owner, group, mode: Number.parseInt(mode, 8) };
  switch (kind) {
    case 'missing':
      return { kind: 'missing', parent: true };
    case 'missing-parent':
      return { kind: 'missing', parent: false };
    case 'link':
      return { kind: 'link', what: 'a symbolic link', target: rest.join(' ') };
    case 'directory':
      return { kind: 'directory', what: 'a directory', ...owned };
    case 'other':
      return { kind: 'other', what: `a ${rest.join(' ')}` };
    case 'file': {
      const content = compared === 'different' ? decode(encoded) : undefined;
      return {
        kind: 'file',
        what: 'a file',
        ...owned,
        sizeBytes: Number(size),
        same: compared === 'same',
        ...(content === undefined ? {} : { content }),
      };
    }
    default:
      throw new ProbeError(
        `what stands at ${path} could not be found out: ${answer.stderr.trim() || answer.stdout.trim() || 'no answer'}`,
      );
  }
}

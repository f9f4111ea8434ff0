import { createHash } from 'node:crypto';
import {
  type Change,
  type Operation,
  type ResourceKey,
  type TextDiff,
  ProbeError,
  type ProbeAnswer,
} from '../playbook/operation.ts';
import { maskedDiffTexts } from '../secrets/masked-diff.ts';
import { Secret } from '../secrets/secret.ts';
import { asSecretText, type Text } from '../secrets/text.ts';
import { writeFileScript } from './file-script.ts';
import { quote } from './shell.ts';

/** Who may do what with a file or a directory. */
export interface Access {
  /** Default root. */
  readonly owner?: string;
  /** Default: the group that has the owner's name. */
  readonly group?: string;
  /** Default 0o644 for a file, 0o755 for a directory. */
  readonly mode?: number;
}

export interface FileOptions extends Access {
  readonly content: Text;
  /** A command that must accept the new content before it replaces the old; `{}` stands for the temporary file. */
  readonly validate?: string;
}

/**
 * A file with this content, owner and mode. It is replaced atomically: a reader sees the old or the new file, even
 * after a power cut, and the old file stays if `validate` rejects the new content. Parent directories are created. A
 * symbolic link at the path is replaced by the file; a directory is an error.
 */
export function content(path: string, options: FileOptions): Operation<PathState> {
  requireAbsolute(path);
  const access = fullAccess(options, 0o644);
  const wanted = asSecretText(options.content);
  const expected = createHash('sha256').update(wanted.reveal()).digest('hex');
  const place: PlaceOptions = { path, access, wanted, validate: options.validate };
  return {
    scope: 'host',
    title: path,
    places: { path, content: options.content, mode: access.mode },
    probe: {
      script: pathProbeScript(path, { compare: true }),
      // On stdin like a secret: a weak secret could be guessed from its checksum.
      input: new Secret(`checksum of ${path}`, `${expected}\n`),
      reads: pathReads(path, access),
      parse: (answer) => {
        const state = parsePathState(path, answer);
        if (state.kind === 'directory' || state.kind === 'other') {
          throw new ProbeError(`${path} must be a file, but is ${state.what}: move it away`);
        }
        return state;
      },
    },
    decide: (state) => {
      if (state.kind !== 'file' || !state.same) return [placeChange(place, state)];
      const change = accessChange(path, state, access);
      return change ? [change] : [];
    },
  };
}

/** Nothing exists at this path. A directory that is not empty is an error and stays. */
export function absent(path: string): Operation<PathState> {
  requireAbsolute(path);
  return {
    scope: 'host',
    title: `no ${path}`,
    probe: {
      script: pathProbeScript(path, { compare: false }),
      reads: [`file:${path}`],
      parse: (answer) => parsePathState(path, answer),
    },
    decide: (state) => {
      if (state.kind === 'missing') return [];
      const remove = state.kind === 'directory' ? 'rmdir --' : 'rm -f --';
      return [
        {
          summary: `remove ${path}`,
          script: `${remove} ${quote(path)}`,
          touches: [`file:${path}`],
        },
      ];
    },
  };
}

/** A directory with this owner and mode. Its content is left alone. */
export function directory(path: string, access: Access = {}): Operation<PathState> {
  requireAbsolute(path);
  const wanted = fullAccess(access, 0o755);
  return {
    scope: 'host',
    title: path,
    probe: {
      script: pathProbeScript(path, { compare: false }),
      reads: pathReads(path, wanted),
      parse: (answer) => {
        const state = parsePathState(path, answer);
        if (state.kind !== 'missing' && state.kind !== 'directory') {
          throw new ProbeError(`${path} must be a directory, but is ${state.what}: move it away`);
        }
        return state;
      },
    },
    decide: (state) => {
      if (state.kind === 'directory') {
        const change = accessChange(path, state, wanted);
        return change ? [change] : [];
      }
      const owner = quote(`${wanted.owner}:${wanted.group}`);
      return [
        {
          summary: `create the directory ${path}`,
          script: [
            `(umask 022; mkdir -p -- ${quote(path)})`,
            `chown ${owner} ${quote(path)}`,
            `chmod ${octal(wanted.mode)} ${quote(path)}`,
          ].join('\n'),
          touches: [`file:${path}`],
        },
      ];
    },
  };
}

/** Files above this size, in bytes, are not fetched to show a difference. */
const LARGEST_SHOWN_BYTES = 256 * 1024;

interface Owned {
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
}

/** What exists at a path. `what` names it in a message. */
export type PathState =
  | {
      readonly kind: 'missing';
      /** Whether its parent directory exists. */ readonly parent: boolean;
    }
  | ({
      readonly kind: 'file';
      readonly what: 'a file';
      readonly sizeBytes: number;
      /** Whether its content has the expected checksum. */
      readonly same: boolean;
      /** Only where the content differs, is text, and is not too large. */
      readonly content?: string;
    } & Owned)
  | ({ readonly kind: 'directory'; readonly what: 'a directory' } & Owned)
  | { readonly kind: 'link'; readonly what: 'a symbolic link'; readonly target: string }
  | { readonly kind: 'other'; readonly what: string };

/**
 * A script that prints what exists at `path`. With `compare` it reads a SHA-256 checksum on stdin, and prints the
 * file's content in base64 only where the checksum differs.
 */
function pathProbeScript(path: string, options: { readonly compare: boolean }): string {
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

/** Parses the output of `pathProbeScript`. Throws a `ProbeError` for unexpected output. */
function parsePathState(path: string, answer: ProbeAnswer): PathState {
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
        `cannot inspect ${path}: ${answer.stderr.trim() || answer.stdout.trim() || 'no answer'}`,
      );
  }
}

interface FullAccess {
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
}

function fullAccess(access: Access, defaultMode: number): FullAccess {
  const owner = access.owner ?? 'root';
  return { owner, group: access.group ?? owner, mode: access.mode ?? defaultMode };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** The change that corrects owner and mode; `undefined` where both are right. */
function accessChange(path: string, state: FullAccess, wanted: FullAccess): Change | undefined {
  const wrongOwner = state.owner !== wanted.owner || state.group !== wanted.group;
  const wrongMode = state.mode !== wanted.mode;
  if (!wrongOwner && !wrongMode) return undefined;
  const commands = [
    ...(wrongOwner ? [`chown ${quote(`${wanted.owner}:${wanted.group}`)} ${quote(path)}`] : []),
    // After chown, which clears the set-user-ID bits.
    `chmod ${octal(wanted.mode)} ${quote(path)}`,
  ];
  const parts = [
    ...(wrongOwner ? [`owner ${state.owner}:${state.group} to ${wanted.owner}:${wanted.group}`] : []),
    ...(wrongMode ? [`mode ${octal(state.mode)} to ${octal(wanted.mode)}`] : []),
  ];
  return {
    summary: `change ${path}: ${parts.join(', ')}`,
    script: commands.join('\n'),
    touches: [`file:${path}`],
  };
}

function requireAbsolute(path: string): void {
  if (!/^\/[^\0\n]+$/.test(path) || path.endsWith('/')) {
    throw new TypeError(`a file on a host needs an absolute path, not "${path}"`);
  }
}

function pathReads(path: string, access: FullAccess): ResourceKey[] {
  return [`file:${path}`, ...(access.owner === 'root' ? [] : ([`user:${access.owner}`] as const))];
}

interface PlaceOptions {
  readonly path: string;
  readonly access: FullAccess;
  readonly wanted: ReturnType<typeof asSecretText>;
  readonly validate: string | undefined;
}

function placeChange({ path, access, wanted, validate }: PlaceOptions, state: PathState): Change {
  const verb =
    state.kind === 'missing'
      ? `create ${path}${state.parent ? '' : ', and its directory'}`
      : state.kind === 'link'
        ? `replace the symbolic link ${path} to ${state.target} by a file`
        : `change ${path}`;
  const difference: TextDiff =
    state.kind === 'file'
      ? { path, ...maskedDiffTexts(state.content ?? `(${state.sizeBytes} bytes, not shown)\n`, wanted) }
      : { path, after: wanted.masked() };
  return {
    summary: verb,
    diff: difference,
    script: writeFileScript(path, { ...access, ...(validate === undefined ? {} : { validate }) }),
    input: wanted,
    touches: [`file:${path}`],
  };
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

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProbeError } from '../playbook/operation.ts';
import { PlaybookFault } from '../playbook/playbook.ts';
import { nearest } from '../yaml/nearest.ts';
import { START, type LocatedProblem, type Position } from '../yaml/problem.ts';

/** The hint where there is no better one. */
const TRY = 'fix it, and test it without connecting to a host: osha run PLAYBOOK.ts INVENTORY --dry-run';

export interface PlaybookFileOptions {
  /** As the user gave it. */
  readonly name: string;
  /** Its absolute path. */
  readonly path: string;
  readonly text: string;
  /** The folder that names in messages are relative to. */
  readonly cwd: string;
  /** The entry of the inventory that names it: faults are then reported there, with their own place in the message. */
  readonly entry?: LocatedPlace | undefined;
  /** The exports of `osha`, for suggestions where a name is misspelt. */
  readonly face: Readonly<Record<string, unknown>>;
}

/** A place in a file that a person wrote. */
export type LocatedPlace = Pick<LocatedProblem, 'file' | 'line' | 'column'>;

/** A file with the user's own playbooks, which turns errors of its code into faults at their place. */
export class PlaybookFile {
  readonly #options: PlaybookFileOptions;

  constructor(options: PlaybookFileOptions) {
    this.#options = options;
  }

  /** Absolute. */
  get path(): string {
    return this.#options.path;
  }

  /** The result of `act`, which is code of this file. Throws `PlaybookFault` where it throws or returns a promise. */
  call<Result>(what: string, act: () => Result): Result {
    let result: Result;
    try {
      result = act();
    } catch (error) {
      // An operation got unexpected output from a host: not a fault of the file.
      if (error instanceof PlaybookFault || error instanceof ProbeError) throw error;
      throw this.thrown(what, error);
    }
    if (!isThenable(result)) return result;
    // An unhandled rejection would end the process.
    result.then(undefined, () => undefined);
    throw this.fault(
      `${what} returns a promise`,
      'make it a synchronous function: its result is used immediately',
      this.find(what),
    );
  }

  /** The fault of code that threw `error`, at the place in the user's code where it did. */
  thrown(what: string, error: unknown): PlaybookFault {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const place = this.#placeIn(`${message}\n${error instanceof Error ? (stack ?? '') : ''}`);
    // The second line of esbuild's message says what it could not compile.
    const [firstLine = ''] = (/: ERROR: (.*)/.exec(message)?.[1] ?? message).split('\n');
    const described = `${what}: ${firstLine === '' ? 'it threw an error without a message' : firstLine}`;
    return this.#faultAt(
      place ?? { file: this.#options.name, ...START },
      described,
      this.#hintFor(message),
      error,
    );
  }

  /** A fault that osha found in the file; at its beginning unless `at` is given. */
  fault(message: string, hint: string, at: Position = START): PlaybookFault {
    return this.#faultAt({ file: this.#options.name, ...at }, message, hint);
  }

  /** The first place of `word` in the file; its beginning where there is none. */
  find(word: string): Position {
    const offset = this.#options.text.indexOf(word);
    if (offset < 0) return START;
    const before = this.#options.text.slice(0, offset);
    return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
  }

  #faultAt(place: LocatedPlace, message: string, hint: string, cause?: unknown): PlaybookFault {
    const { entry } = this.#options;
    const at = entry ?? place;
    const placed = entry ? `${place.file}:${place.line}:${place.column}: ${message}` : message;
    const { file, line, column } = at;
    return new PlaybookFault({ severity: 'error', file, line, column, message: placed, hint }, { cause });
  }

  /** The first place in the user's code that an error names: in this file, or in one that it imports. */
  #placeIn(text: string): LocatedPlace | undefined {
    const found = placeInUserCode(text);
    if (!found) return undefined;
    const { name, path, cwd } = this.#options;
    return { ...found, file: found.path === path ? name : relative(cwd, found.path) };
  }

  #hintFor(message: string): string {
    const { face } = this.#options;
    const [, group = '', member = ''] = /\b(\w+)\.(\w+) is not a function/.exec(message) ?? [];
    const known = face[group];
    if (typeof known === 'object' && known !== null) {
      const names = Object.keys(known);
      const near = nearest(member, names);
      return near === undefined ? `${group} has ${names.join(', ')}` : `did you mean ${group}.${near}?`;
    }
    const wanted = /'osha' does not provide an export named '(\w+)'|named '(\w+)'|(\w+) is not defined/.exec(
      message,
    );
    const name = wanted?.[1] ?? wanted?.[2] ?? wanted?.[3];
    if (name === undefined) return TRY;
    if (Object.hasOwn(face, name)) return `import { ${name} } from 'osha'`;
    const near = nearest(name, Object.keys(face));
    return near === undefined ? TRY : `did you mean "${near}"?`;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** The folders with the code of osha itself, as sources or as a build. */
const OSHA = ['../../src/', '../../playbooks/'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
);

/** A place in a file on this machine. */
export interface CodePlace {
  /** Absolute. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** The first place outside of osha and of packages that an error's message or stack names. */
function placeInUserCode(text: string): CodePlace | undefined {
  return placesIn(text).find(({ path }) => !isOsha(path) && !path.includes('/node_modules/'));
}

/** The place in the user's code that threw an uncaught error; `undefined` where other code threw it. */
export function thrownByUserCode(error: unknown): CodePlace | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const first = placesIn(stack).find(({ path }) => !path.includes('/node_modules/'));
  return first && !isOsha(first.path) ? first : undefined;
}

function isOsha(path: string): boolean {
  return OSHA.some((folder) => path.startsWith(folder));
}

function placesIn(text: string): readonly CodePlace[] {
  return text.split('\n').flatMap((line): readonly CodePlace[] => {
    const found = /(?:^|[\s('"])((?:file:\/\/)?\/[^()\n]*?)(?:\?[^:()]*)?:(\d+)(?::(\d+))?/.exec(line);
    if (!found) return [];
    // esbuild counts columns from 0.
    const column = Math.max(1, Number(found[3] ?? 1));
    return [{ path: pathOf(found[1] ?? ''), line: Number(found[2]), column }];
  });
}

function pathOf(written: string): string {
  if (!written.startsWith('file://')) return written;
  try {
    return fileURLToPath(written);
  } catch {
    return written;
  }
}

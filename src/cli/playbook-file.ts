import { relative } from 'node:path';
import { ProbeError } from '../playbook/operation.ts';
import { nearest } from '../yaml/nearest.ts';
import { START, type LocatedProblem, type Position } from '../yaml/problem.ts';
import { placeInUserCode } from './user-code.ts';
import { PlaybookFault } from '../playbook/playbook.ts';

/** What every fault of a playbook can be tried with, without a host. */
const TRY = 'mend it, and try it without hosts: osha run PLAYBOOK.ts INVENTORY --dry-run';

/** What is known of a file with a playbook of the user's own. */
export interface PlaybookFileOptions {
  /** As the user named it. */
  readonly name: string;
  /** Its absolute path. */
  readonly path: string;
  readonly text: string;
  /** The folder that names in messages are relative to. */
  readonly cwd: string;
  /** The entry of an inventory that names it: then that is where its faults are told, with their place in the message. */
  readonly entry?: LocatedPlace | undefined;
  /** What `osha` exports: what a misspelt name was likely meant to be. */
  readonly face: Readonly<Record<string, unknown>>;
}

/** A place in a file that a person wrote. */
export type LocatedPlace = Pick<LocatedProblem, 'file' | 'line' | 'column'>;

/** A file with a playbook of the user's own, and whose mistake it is when its code fails. */
export class PlaybookFile {
  readonly #options: PlaybookFileOptions;

  constructor(options: PlaybookFileOptions) {
    this.#options = options;
  }

  /** Absolute. */
  get path(): string {
    return this.#options.path;
  }

  /** What `act`, which is code of this file, returns. Throws `PlaybookFault` where it throws, or returns a promise. */
  call<Result>(what: string, act: () => Result): Result {
    let result: Result;
    try {
      result = act();
    } catch (error) {
      // An operation says so where a host's answer makes no sense: that is no fault of the file.
      if (error instanceof PlaybookFault || error instanceof ProbeError) throw error;
      throw this.thrown(what, error);
    }
    if (!isThenable(result)) return result;
    // Nobody waits for it, and a rejection that nobody takes would end the process.
    result.then(undefined, () => undefined);
    throw this.fault(
      `${what} returns a promise`,
      'make it an ordinary function, without async: its result is used at once',
      this.find(what),
    );
  }

  /** The fault of code that threw `error`, at the place in the user's code where it did. */
  thrown(what: string, error: unknown): PlaybookFault {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const place = this.#placeIn(`${message}\n${error instanceof Error ? (stack ?? '') : ''}`);
    // esbuild says in its second line what it could not compile.
    const [firstLine = ''] = (/: ERROR: (.*)/.exec(message)?.[1] ?? message).split('\n');
    const told = `${what}: ${firstLine === '' ? 'it threw an error without a message' : firstLine}`;
    return this.#faultAt(
      place ?? { file: this.#options.name, ...START },
      told,
      this.#hintFor(message),
      error,
    );
  }

  /** A fault that osha found in what the file is or does; at its beginning unless it is told where. */
  fault(message: string, hint: string, at: Position = START): PlaybookFault {
    return this.#faultAt({ file: this.#options.name, ...at }, message, hint);
  }

  /** Where the file first has `word`; its beginning where it does not. */
  find(word: string): Position {
    const offset = this.#options.text.indexOf(word);
    if (offset < 0) return START;
    const before = this.#options.text.slice(0, offset);
    return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
  }

  #faultAt(place: LocatedPlace, message: string, hint: string, cause?: unknown): PlaybookFault {
    const { entry } = this.#options;
    const at = entry ?? place;
    const told = entry ? `${place.file}:${place.line}:${place.column}: ${message}` : message;
    const { file, line, column } = at;
    return new PlaybookFault({ severity: 'error', file, line, column, message: told, hint }, { cause });
  }

  /** The first place of the user's own code that an error names: in this file, or in one that it imports. */
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

import type { Api } from '../api.ts';
import { CloudError } from '../errors.ts';
import type { Pause } from '../../transport/timers.ts';
import { entryOf, type Begun } from './create.ts';
import { KINDS, type Kind, type KindName, type Thing } from './kinds.ts';

/** Milliseconds between two looks whether something is gone. */
const LOOK_EVERY_MS = 1_000;
/** A deletion that was accepted and not carried out is asked for again after so many looks. */
const ASK_AGAIN_AFTER = 15;
/** Milliseconds in which a request that nobody waited for any more, after a Ctrl-C, has made what it was to make. */
const LATE_MS = 3_000;

export interface Left {
  readonly kind: string;
  readonly name: string;
  readonly why: string;
}

export interface Cleanup {
  /** In words: `server osha-smoke-k3v9x2ab-server`. */
  readonly removed: readonly string[];
  readonly left: readonly Left[];
}

export interface CleanupOptions {
  /** Milliseconds for everything together; each thing is tried once whatever happens. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
  readonly pause: Pause;
  readonly onProgress: (text: string) => void;
  readonly begun: Begun;
}

/**
 * Removes every thing whose name begins with `prefix`, what uses others first, each until it is really gone. Things are
 * found by their names, so that also what a lost answer was about goes. Returns what went and what is left; throws only the reason of its signal.
 */
export async function removeAll(api: Api, prefix: string, options: CleanupOptions): Promise<Cleanup> {
  const removed: string[] = [];
  const left: Left[] = [];
  const until = Date.now() + options.withinMs;
  const catalogue = await api.catalogue();
  for (const name of Object.keys(KINDS) as KindName[]) {
    const kind: Kind = KINDS[name];
    if (!catalogue.has(kind.service)) continue;
    try {
      for (const thing of await found(api, name, prefix, options)) {
        options.onProgress(`removing the ${kind.title} ${thing.name}`);
        const why = await removeOne(api, kind, thing, until, options);
        if (why === undefined) removed.push(entryOf(name, thing.name));
        else left.push({ kind: kind.title, name: thing.name, why });
      }
      for (const entry of begunOf(kind, prefix, options.begun)) {
        if (!left.some((one) => entry === `${one.kind} ${one.name}`)) options.begun.delete(entry);
      }
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof CloudError)) throw error;
      left.push({ kind: kind.title, name: `${prefix}*`, why: error.message });
    }
  }
  return { removed, left };
}

function begunOf(kind: Kind, prefix: string, begun: Begun): readonly string[] {
  return [...begun].filter((entry) => entry.startsWith(`${kind.title} ${prefix}`));
}

/** What is there of a kind. Where something was begun and is not there, it may be late: then it is looked for once more. */
async function found(
  api: Api,
  name: KindName,
  prefix: string,
  { begun, signal, pause }: CleanupOptions,
): Promise<readonly Thing[]> {
  const kind: Kind = KINDS[name];
  const things = await kind.named(api, prefix);
  const there = new Set(things.map((thing) => entryOf(name, thing.name)));
  if (kind.goesWith !== undefined || begunOf(kind, prefix, begun).every((entry) => there.has(entry))) {
    return things;
  }
  await pause(LATE_MS, signal);
  return kind.named(api, prefix);
}

/** Returns why it is still there after `until`. */
async function removeOne(
  api: Api,
  kind: Kind,
  thing: Thing,
  until: number,
  { signal, pause }: CleanupOptions,
): Promise<string | undefined> {
  let why = 'it is still there';
  for (let look = 0; ; look += 1) {
    try {
      if (look % ASK_AGAIN_AFTER === 0 || why !== '') {
        await kind.before?.(api, thing);
        const { status, words } = await api.status(kind.service, {
          method: 'DELETE',
          path: kind.path(thing.id),
          accept: [404],
        });
        why = status < 400 || status === 404 ? '' : words;
      }
      if (why === '' && (await api.find(kind.service, kind.path(thing.id))) === undefined) return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CloudError)) throw error;
      why = error.message;
    }
    if (Date.now() >= until) return why === '' ? 'it was to be removed, and is still there' : why;
    await pause(LOOK_EVERY_MS, signal);
  }
}

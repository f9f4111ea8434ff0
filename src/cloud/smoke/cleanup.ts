import type { Api } from '../api.ts';
import { CloudError } from '../errors.ts';
import type { Pause } from '../../transport/timers.ts';
import { KINDS, type Kind, type KindName, type Thing } from './kinds.ts';
import { entryOf, type Begun } from './round.ts';

/** Milliseconds between two checks that a resource is gone. */
const LOOK_EVERY_MS = 1_000;
/** Checks after which a deletion that was accepted and not carried out is requested again. */
const ASK_AGAIN_AFTER = 15;
/** Milliseconds for a request that Ctrl-C abandoned to take effect. */
const LATE_MS = 3_000;

export interface Left {
  readonly kind: string;
  readonly name: string;
  readonly why: string;
}

export interface Cleanup {
  /** Entries such as `server osha-smoke-k3v9x2ab-server`. */
  readonly removed: readonly string[];
  readonly left: readonly Left[];
}

export interface CleanupOptions {
  /** Milliseconds for everything together; each resource is tried at least once. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
  readonly pause: Pause;
  readonly onProgress: (text: string) => void;
  readonly begun: Begun;
}

/**
 * Removes all resources whose names begin with `prefix`, users before what they use, and waits until each is gone. Finds
 * them by name, so that those whose creation was never confirmed are removed too. Throws only the reason of its signal.
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

/** The resources of a kind. One that was begun and is missing may be late: then the list is read once more. */
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

/** Returns why it still exists after `until`, or `undefined` once it is gone. */
async function removeOne(
  api: Api,
  kind: Kind,
  thing: Thing,
  until: number,
  { signal, pause }: CleanupOptions,
): Promise<string | undefined> {
  let why = 'it still exists';
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
    if (Date.now() >= until) return why === '' ? 'its removal was accepted, and it still exists' : why;
    await pause(LOOK_EVERY_MS, signal);
  }
}

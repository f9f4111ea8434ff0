import type { Api, Cloud } from '../api.ts';
import type { Dial, Hosts } from '../dial.ts';
import type { Pause } from '../../transport/timers.ts';
import { type KindName, KINDS, type Kind, type Thing } from './kinds.ts';
import { randomBytes } from 'node:crypto';
import { CloudError } from '../errors.ts';

/** What the steps of one round work with. */
export interface Round {
  readonly cloud: Cloud;
  readonly api: Api;
  readonly hosts: Hosts;
  /** How this machine connects. */
  readonly direct: Dial;
  /** The round's id. */
  readonly run: string;
  readonly begun: Begun;
  readonly signal: AbortSignal;
  readonly pause: Pause;
  /** Reports what the step is doing or waiting for. */
  readonly progress: (text: string) => void;
  /** Reports something worth knowing that is no failure. */
  readonly remark: (text: string) => void;
}

/** Creates a resource of this round, and returns its id. `body` gets its name. */
export function make(
  round: Round,
  kind: KindName,
  what: string,
  request: { readonly path: string; readonly key?: string; readonly body: (name: string) => object },
): Promise<string> {
  const name = nameOf(round.run, what);
  return create(round.api, round.begun, kind, name, {
    path: request.path,
    body: request.body(name),
    ...(request.key === undefined ? {} : { key: request.key }),
  });
}

/** Resources that were requested and not seen to be removed: `network osha-smoke-k3v9x2ab-network`. */
export type Begun = Set<string>;

/** The entry of a resource in `Begun`. */
export function entryOf(kind: KindName, name: string): string {
  return `${KINDS[kind].title} ${name}`;
}

/**
 * Creates a resource exactly once: if the answer to the request is lost, it is looked up by name before it is requested
 * again. Returns its id. Throws `CloudError`.
 */
async function create(
  api: Api,
  begun: Begun,
  kind: KindName,
  name: string,
  request: { readonly path: string; readonly body: object; readonly key?: string },
): Promise<string> {
  const { service, named }: Kind = KINDS[kind];
  begun.add(entryOf(kind, name));
  const made = await api.send(service, {
    method: 'POST',
    path: request.path,
    body: request.body,
    look: async () => {
      const found = (await named(api, name)).find((thing) => thing.name === name);
      return found && (request.key === undefined ? found : { [request.key]: found });
    },
  });
  const thing = (
    request.key === undefined ? made : (made as Readonly<Record<string, unknown>>)[request.key]
  ) as Partial<Thing>;
  return thing.id ?? name;
}

/** Prefix of the names of all resources that smoke tests create. */
export const PREFIX = 'osha-smoke-';

/** Without letters and digits that are easily confused. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

/** An id for a round: eight letters and digits, 40 bits. */
export function newRunId(): string {
  return [...randomBytes(8)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** Prefix of the names of one round. */
export function prefixOf(run: string): string {
  return `${PREFIX}${run}-`;
}

/** The name of a resource of one round. */
export function nameOf(run: string, what: string): string {
  return `${prefixOf(run)}${what}`;
}

/** Milliseconds between two requests. */
const LOOK_EVERY_MS = 1_000;

interface Wait<Seen> {
  /** "the server is ACTIVE". */
  readonly what: string;
  readonly withinMs: number;
  readonly hint?: string;
  /** Asks once; `undefined` until the condition holds. `say` reports the current state. */
  readonly look: (say: (text: string) => void) => Promise<Seen | undefined>;
}

/** Asks each second until a condition holds, and returns its result. Throws `CloudError` on a timeout, with the last state that was reported. */
export async function until<Seen>(
  { signal, pause, progress }: Pick<Round, 'signal' | 'pause' | 'progress'>,
  { what, withinMs, hint, look }: Wait<Seen>,
): Promise<Seen> {
  const started = Date.now();
  let last = '';
  for (;;) {
    const seen = await look((text) => {
      last = text;
      progress(`${text} (${Math.round((Date.now() - started) / 1000)} s)`);
    });
    if (seen !== undefined) return seen;
    if (Date.now() - started >= withinMs) {
      throw new CloudError(
        `timed out after ${Math.round(withinMs / 1000)} s waiting for "${what}"${last === '' ? '' : `; ${last}`}`,
        hint === undefined ? {} : { hint },
      );
    }
    await pause(LOOK_EVERY_MS, signal);
  }
}

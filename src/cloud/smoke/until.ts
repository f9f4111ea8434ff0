import { CloudError } from '../errors.ts';
import type { Round } from './round.ts';

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 1_000;

export interface Wait<Seen> {
  /** "the server is ACTIVE". */
  readonly what: string;
  readonly withinMs: number;
  readonly hint?: string;
  /** Looks once; undefined while it is not so. `say` tells how it is now. */
  readonly look: (say: (text: string) => void) => Promise<Seen | undefined>;
}

/** Looks each second until it is so, and returns what was seen. Throws `CloudError` when the time is over, with what was said last. */
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

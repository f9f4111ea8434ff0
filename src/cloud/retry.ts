/** What may be done with a request of which nobody knows whether it was carried out. */
export type Repeat =
  /** Send it again: it reads, or it leads to the same however often it comes. */
  | 'safe'
  /** Look first whether what it makes is there. */
  | 'look'
  /** Neither. */
  | 'never';

/** What came of sending a request once. */
export type Outcome =
  | { readonly kind: 'not-sent' }
  | { readonly kind: 'broken' }
  | {
      readonly kind: 'status';
      readonly status: number;
      /** HAProxy answered and not a service. */
      readonly byProxy: boolean;
    };

export type Verdict = 'take' | 'again' | 'look' | 'fail';

/** A service that fails by itself does so the next time as well, unless its database was just moving. */
const OWN_FAILURES = 3;

/**
 * What to do after a request was sent: take the answer, send it again, look first whether it was carried out, or give up.
 * `before` is how often it failed with 500 already.
 */
export function verdict(repeat: Repeat, outcome: Outcome, before = 0): Verdict {
  if (outcome.kind === 'not-sent') return 'again';
  if (outcome.kind === 'status') {
    const { status, byProxy } = outcome;
    if (status < 400) return 'take';
    // HAProxy answers so where it had no server to give the request to; 429 is a service's word that it did nothing.
    if ((status === 503 && byProxy) || status === 429) return 'again';
    if (status === 500 && before >= OWN_FAILURES) return 'fail';
    if (![500, 502, 503, 504].includes(status)) return 'fail';
  }
  return repeat === 'safe' ? 'again' : repeat === 'look' ? 'look' : 'fail';
}

/** Milliseconds until the next attempt: soon at first, then every two seconds. */
export function pauseBefore(attempt: number): number {
  return Math.min(2_000, 250 * 2 ** Math.min(attempt, 3));
}

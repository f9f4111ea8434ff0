import type { HttpAnswer } from './http.ts';

/** How to proceed with a request whose outcome is unknown. */
export type Repeat =
  /** Send it again: it only reads, or is idempotent. */
  | 'safe'
  /** First look whether it was carried out. */
  | 'look'
  /** Give up. */
  | 'never';

/** The outcome of sending a request once. */
export type Outcome =
  | { readonly kind: 'not-sent' }
  | { readonly kind: 'broken' }
  | {
      readonly kind: 'status';
      readonly status: number;
      /** HAProxy answered instead of a service. */
      readonly byProxy: boolean;
    };

type Verdict = 'take' | 'again' | 'look' | 'fail';

/** The maximum length of a service's message. */
const LONGEST = 600;

/** How many times to retry on status 500: a service's own error is usually permanent, unless its database was failing over. */
const OWN_FAILURES = 3;

/** Whether HAProxy answered instead of the service: its responses are HTML. */
export function isByProxy({ headers }: Pick<HttpAnswer, 'headers'>): boolean {
  return (
    (headers['content-type'] ?? '').startsWith('text/html') && headers['x-openstack-request-id'] === undefined
  );
}

/** The body as JSON; undefined if it is not JSON. */
export function jsonOf({ body }: Pick<HttpAnswer, 'body'>): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * A service's error message in one line. The formats: `{error: {message}}` of Keystone, `{badRequest: {message}}` of Nova and
 * Cinder, `{NeutronError: {type, message}}`, `{errors: [{detail}]}` of Placement, and HTML.
 */
export function wordsOf(answer: HttpAnswer): string {
  const text = fromJson(jsonOf(answer)) ?? fromPage(answer.body.toString('utf8'));
  const words = text.replace(/\s+/g, ' ').trim();
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words;
}

/**
 * What to do after sending a request: take the response, send it again, look whether it was carried out, or give up.
 * `before` counts its earlier failures with status 500.
 */
export function verdict(repeat: Repeat, outcome: Outcome, before = 0): Verdict {
  if (outcome.kind === 'not-sent') return 'again';
  if (outcome.kind === 'status') {
    const { status, byProxy } = outcome;
    if (status < 400) return 'take';
    // HAProxy's 503 means no backend got the request; 429 means that the service rejected it.
    if ((status === 503 && byProxy) || status === 429) return 'again';
    if (status === 500 && before >= OWN_FAILURES) return 'fail';
    if (![500, 502, 503, 504].includes(status)) return 'fail';
  }
  return repeat === 'safe' ? 'again' : repeat === 'look' ? 'look' : 'fail';
}

/** Milliseconds before the next attempt: exponential backoff up to 2 s. */
export function pauseBefore(attempt: number): number {
  return Math.min(2_000, 250 * 2 ** Math.min(attempt, 3));
}

function fromJson(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return fromJson(value[0]);
  const fields = value as Readonly<Record<string, unknown>>;
  for (const key of ['message', 'detail']) {
    const found = fields[key];
    if (typeof found === 'string' && found !== '') {
      const { type } = fields;
      return typeof type === 'string' && type !== '' ? `${type}: ${found}` : found;
    }
  }
  return Object.values(fields)
    .map(fromJson)
    .find((found) => found !== undefined);
}

function fromPage(page: string): string {
  return page
    .replace(/<(?:title|style|script)[^>]*>.*?<\/(?:title|style|script)>/gis, ' ')
    .replace(/<[^>]*>/g, ' ');
}

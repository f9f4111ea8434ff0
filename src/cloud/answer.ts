import type { HttpAnswer } from './http.ts';

/** The longest part of a service's own words that is worth reading. */
const LONGEST = 600;

/** An answer that a service gave; a proxy in front of it makes pages. */
export function isByProxy({ headers }: Pick<HttpAnswer, 'headers'>): boolean {
  return (
    (headers['content-type'] ?? '').startsWith('text/html') && headers['x-openstack-request-id'] === undefined
  );
}

/** The body as JSON; undefined where it is none. */
export function jsonOf({ body }: Pick<HttpAnswer, 'body'>): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * What a service says about its refusal, in one line. Each has its own shape: `{error: {message}}` of Keystone,
 * `{badRequest: {message}}` of Nova and Cinder, `{NeutronError: {type, message}}`, `{errors: [{detail}]}` of Placement, and pages.
 */
export function wordsOf(answer: HttpAnswer): string {
  const text = fromJson(jsonOf(answer)) ?? fromPage(answer.body.toString('utf8'));
  const words = text.replace(/\s+/g, ' ').trim();
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words;
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

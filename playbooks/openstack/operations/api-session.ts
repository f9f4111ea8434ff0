import {
  asSecretText,
  LIMITS,
  type Probe,
  ProbeError,
  quote,
  type ResourceKey,
  Secret,
  SecretText,
  type Text,
  within,
} from 'osha';
import { API_CLIENT } from './api-client.ts';

/** A login: the user, and Keystone's URLs. */
export interface ApiSession {
  /** `http://10.0.0.20:5000/v3`. */
  readonly authUrl: string;
  /** URLs at the hosts' own addresses, tried when `authUrl` fails. */
  readonly otherUrls?: readonly string[];
  readonly user: string;
  readonly project: string;
  readonly password: Secret;
  /** The path of the certificate to trust on the host, if the URL is https and the system store lacks it. */
  readonly ca?: string;
}

/** JSON in which a string may be a secret. */
export type ApiBody =
  string | number | boolean | null | Secret | readonly ApiBody[] | { readonly [key: string]: ApiBody };

export type ApiRequest =
  | {
      /** Its type in the catalogue: `compute`. */
      readonly service: string;
      readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
      readonly path: string;
      readonly body?: ApiBody;
      /** Values of the response to keep: `{ id: 'service.id' }` defines `{id}` for later paths and bodies. */
      readonly save?: Readonly<Record<string, string>>;
      /** Error statuses that count as success, such as 409 for something that already exists. */
      readonly accept?: readonly number[];
    }
  | {
      /** A full URL, requested with the session's token. */
      readonly url: string;
    }
  | {
      /** A login as another user, by default at the session's own URL. */
      readonly login: { readonly user: string; readonly password: Secret; readonly url?: string };
    };

/** The outcome of one request; status 0 means no answer. */
export interface ApiAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly error?: string;
  /** Duration in milliseconds. */
  readonly ms?: number;
}

/** The outcome of a job. */
export interface ApiAnswers {
  /** The login at the session's own URL, even if another URL accepted it. */
  readonly login: ApiAnswer;
  /** In the order of the requests; empty if the login failed. */
  readonly answers: readonly ApiAnswer[];
}

/** Seconds for one request. */
const REQUEST_SECONDS = LIMITS.apiRequest;

/** Serializes a value as JSON and keeps its secrets masked. */
function json(value: ApiBody | ApiRequest | Readonly<Record<string, unknown>>): readonly Text[] {
  if (value instanceof Secret) return ['"', value, '"'];
  if (Array.isArray(value)) {
    const items = (value as readonly ApiBody[]).flatMap((item, index) => [
      ...(index > 0 ? [','] : []),
      ...json(item),
    ]);
    return ['[', ...items, ']'];
  }
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)];
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .flatMap(([key, item], index) => [
      ...(index > 0 ? [','] : []),
      `${JSON.stringify(key)}:`,
      ...json(item as ApiBody),
    ]);
  return ['{', ...entries, '}'];
}

function joined(parts: readonly Text[]): SecretText {
  return new SecretText(parts.flatMap((part) => asSecretText(part).parts));
}

/** The job that `API_SCRIPT` reads on stdin. Up to `together` requests are sent concurrently; with 0, one at a time until one fails. `seconds` limits each request. */
export function apiJob(
  session: ApiSession,
  requests: readonly ApiRequest[],
  { together, seconds = REQUEST_SECONDS }: { readonly together: number; readonly seconds?: number },
): SecretText {
  const { authUrl, otherUrls = [], user, project, password, ca } = session;
  return joined(
    json({
      auth: { urls: [authUrl, ...otherUrls], user, project, password },
      ...(ca === undefined ? {} : { ca }),
      timeout: seconds,
      together,
      requests: requests as unknown as ApiBody,
    }),
  );
}

/** The script of a change that runs a job. It fails with the first failed request, and names it. */
export const API_SCRIPT = `python3 -E -c ${quote(API_CLIENT)} >/dev/null`;

/** The script of a probe that runs a job; `readAnswers` parses its output. */
export const apiProbeScript = `timeout ${within('apiProbe')} python3 -E -c ${quote(API_CLIENT)} 2>/dev/null || :`;

/** A probe that sends several requests concurrently; they must only read. A service that does not answer is no error. */
export function apiProbe<Observed>(
  session: ApiSession,
  requests: readonly ApiRequest[],
  reads: readonly ResourceKey[],
  understand: (answers: ApiAnswers) => Observed,
): Probe<Observed> {
  return {
    script: apiProbeScript,
    input: apiJob(session, requests, { together: 8 }),
    reads,
    parse: ({ stdout }) => understand(readAnswers(stdout)),
  };
}

/** Parses the output of a job. Throws `ProbeError` if it is anything else. */
export function readAnswers(stdout: string): ApiAnswers {
  const lines = stdout.split('\n').filter((line) => line !== '');
  const [login, ...answers] = lines.map((line): ApiAnswer => {
    try {
      return JSON.parse(line) as ApiAnswer;
    } catch {
      throw new ProbeError(`unexpected output of the API client: ${line.slice(0, 200)}`);
    }
  });
  return { login: login ?? { status: 0, error: 'python3 does not run on this host' }, answers };
}

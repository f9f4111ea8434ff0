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

/** Who asks, and where Keystone answers. */
export interface ApiSession {
  /** `http://10.0.0.20:5000/v3`. */
  readonly authUrl: string;
  /** Asked where that one does not let in: the hosts' own addresses. */
  readonly otherUrls?: readonly string[];
  readonly user: string;
  readonly project: string;
  readonly password: Secret;
  /** On the host: the certificate to trust, where the URL is https and the system does not know it. */
  readonly ca?: string;
}

/** JSON in which a secret may stand for a text. */
export type ApiBody =
  string | number | boolean | null | Secret | readonly ApiBody[] | { readonly [key: string]: ApiBody };

export type ApiRequest =
  | {
      /** Its type in the catalogue: `compute`. */
      readonly service: string;
      readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
      readonly path: string;
      readonly body?: ApiBody;
      /** Values of the answer to keep, by name: `{ id: 'service.id' }`; later paths and bodies say `{id}`. */
      readonly save?: Readonly<Record<string, string>>;
      /** Statuses that are as good as success: 409, where somebody else was faster. */
      readonly accept?: readonly number[];
    }
  | {
      /** A URL in full, which is given the same token. */
      readonly url: string;
    }
  | {
      /** Logging in as somebody, by default at the session's own URL. */
      readonly login: { readonly user: string; readonly password: Secret; readonly url?: string };
    };

/** What came back of one request; status 0 where there was no answer. */
export interface ApiAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly error?: string;
  /** Milliseconds that it took. */
  readonly ms?: number;
}

/** What came back of a session. */
export interface ApiAnswers {
  /** That of logging in at the session's own URL, also where another one let in. */
  readonly login: ApiAnswer;
  /** In the order of the requests; empty where logging in failed. */
  readonly answers: readonly ApiAnswer[];
}

/** Seconds for one request. */
const REQUEST_SECONDS = LIMITS.apiRequest;

/** Writes a value as JSON, in which secrets stay secrets. */
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

/** The job for the client, with its secrets: to be given to `API_SCRIPT` on stdin. `together` are sent at once; with 0 one after another until one fails. `seconds` is for each. */
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

/** The script of a change that sends a job; it ends with the first request that fails, and says which. */
export const API_SCRIPT = `python3 -E -c ${quote(API_CLIENT)} >/dev/null`;

/** The script of a probe that sends a job; it prints what `readAnswers` understands. */
export const apiProbeScript = `timeout ${within('apiProbe')} python3 -E -c ${quote(API_CLIENT)} 2>/dev/null || :`;

/** Asks several things at once; they must be such as only read. Nothing is thrown where the service does not answer. */
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

/** What a job printed. Throws a `ProbeError` where that was something else. */
export function readAnswers(stdout: string): ApiAnswers {
  const lines = stdout.split('\n').filter((line) => line !== '');
  const [login, ...answers] = lines.map((line): ApiAnswer => {
    try {
      return JSON.parse(line) as ApiAnswer;
    } catch {
      throw new ProbeError(`the API's answer could not be understood: ${line.slice(0, 200)}`);
    }
  });
  return { login: login ?? { status: 0, error: 'Python does not run here' }, answers };
}

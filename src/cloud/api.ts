import type { Secret } from '../secrets/secret.ts';
import { isByProxy, jsonOf, wordsOf, pauseBefore, verdict, type Outcome, type Repeat } from './answer.ts';
import type { CloudService, DeclaredCloud } from '../playbook/cloud.ts';
import { Catalogue, type CatalogueBody } from './catalogue.ts';
import type { Dial } from './dial.ts';
import { Broken, CloudError, NotSent, CloudUnreachable } from './errors.ts';
import { exchange, type HttpAnswer, type HttpRequest } from './http.ts';
import type { Pause } from '../transport/timers.ts';

/** A login at Keystone. */
export interface Credentials {
  /** `http://10.0.0.20:5000/v3`. */
  readonly authUrl: string;
  readonly region: string;
  readonly user: string;
  readonly project: string;
  readonly password: Secret;
}

/** A cloud as the inventory describes it, with a login. */
export interface Cloud extends Pick<
  DeclaredCloud,
  'services' | 'entrances' | 'control' | 'network' | 'compute' | 'imagePort' | 'outside'
> {
  readonly name: string;
  readonly credentials: Credentials;
  /** The CA certificate of the virtual IP as PEM, if it is not a public CA. */
  readonly trust?: string | undefined;
}

export interface ApiOptions {
  readonly credentials: Credentials;
  readonly dial: Dial;
  /** Certificates to trust in addition to public CAs, as PEM. */
  readonly trust?: string;
  /** Milliseconds for which a request is retried, counted from its first failure. */
  readonly patienceMs: number;
  readonly pause: Pause;
  /** Called with a message before each retry. */
  readonly onTrouble: (text: string) => void;
}

export interface ApiRequest {
  readonly method: HttpRequest['method'];
  /** The path below the service's URL in the catalogue. */
  readonly path: string;
  /** An object is sent as JSON, bytes unchanged. */
  readonly body?: object | Uint8Array;
  /** Error statuses that count as success. */
  readonly accept?: readonly number[];
  /** Default: `look` if there is a `look` function, else `never` for POST and `safe` for all others. */
  readonly repeat?: Repeat;
  /** Finds out whether a request with an unknown outcome was carried out. Undefined: it was not. */
  readonly look?: () => Promise<unknown>;
}

/** Milliseconds without a byte. Writes take longer, because the service calls others in turn; HAProxy gives up after 60 s. */
const QUIET_MS = { read: 20_000, write: 70_000 };
/** Milliseconds for a service to finish a request whose connection broke. */
const LOOK_AFTER_MS = 2_000;

interface Session {
  token: string;
  catalogue: Catalogue;
}

/** State shared by all views of one login. */
interface Shared {
  readonly options: ApiOptions;
  session: Promise<Session> | undefined;
}

/**
 * The APIs of a cloud, as one user. Requests that were not sent or are repeatable are retried for a while, to survive a move
 * of the virtual IP. Every method throws `CloudError` with the service's own message, or the reason of its signal.
 */
export class Api {
  readonly #shared: Shared;
  readonly #signal: AbortSignal;

  constructor(options: ApiOptions, signal: AbortSignal, shared: Shared = { options, session: undefined }) {
    this.#shared = shared;
    this.#signal = signal;
  }

  /** The same login with another abort signal. */
  with(signal: AbortSignal): Api {
    return new Api(this.#shared.options, signal, this.#shared);
  }

  /** The service catalogue; logs in first if necessary. */
  async catalogue(): Promise<Catalogue> {
    return (await this.#session()).catalogue;
  }

  /** The body of a response as JSON. */
  async get<Body>(service: CloudService, path: string): Promise<Body> {
    return (await this.send(service, { method: 'GET', path })) as Body;
  }

  /** The body of a response as bytes. */
  async bytes(service: CloudService, path: string): Promise<Buffer> {
    const answer = await this.#ask(service, { method: 'GET', path });
    return answer.kind === 'answer' ? answer.answer.body : Buffer.alloc(0);
  }

  /** The body of a response as JSON; undefined on 404. */
  async find<Body>(service: CloudService, path: string): Promise<Body | undefined> {
    const answer = await this.#ask(service, { method: 'GET', path, accept: [404] });
    if (answer.kind === 'found' || answer.answer.status === 404) return undefined;
    return jsonOf(answer.answer) as Body;
  }

  /** The body of the response as JSON, or what `look` found. */
  async send(service: CloudService, request: ApiRequest): Promise<unknown> {
    const answer = await this.#ask(service, request);
    return answer.kind === 'found' ? answer.found : jsonOf(answer.answer);
  }

  /** The status of a response; an error status is returned, not thrown. */
  async status(service: CloudService, request: ApiRequest): Promise<{ status: number; words: string }> {
    try {
      const answer = await this.#ask(service, request);
      return { status: answer.kind === 'found' ? 200 : answer.answer.status, words: '' };
    } catch (error) {
      if (error instanceof CloudError && error.status > 0)
        return { status: error.status, words: error.message };
      throw error;
    }
  }

  /** One request straight to a single host of a service, without retries. Throws `NotSent` or `Broken`. */
  async elsewhere(dial: Dial, url: URL): Promise<HttpAnswer> {
    const { token } = await this.#session();
    const headers = { accept: '*/*', 'x-auth-token': token };
    return exchange({ method: 'GET', url, headers }, { dial, quietMs: QUIET_MS.read, signal: this.#signal });
  }

  async #ask(
    service: CloudService,
    request: ApiRequest,
  ): Promise<{ kind: 'answer'; answer: HttpAnswer } | { kind: 'found'; found: unknown }> {
    const { method, path, body, accept = [], look } = request;
    const bytes = body instanceof Uint8Array;
    let renewed = false;
    let until: number | undefined;
    for (let attempt = 0, failures = 0; ; attempt += 1) {
      const session = await this.#session();
      const tried = await this.#attempt(
        {
          method,
          url: session.catalogue.url(service, path),
          headers: {
            accept: 'application/json, */*',
            'x-auth-token': session.token,
            ...(body === undefined
              ? {}
              : { 'content-type': bytes ? 'application/octet-stream' : 'application/json' }),
          },
          ...(body === undefined ? {} : { body: bytes ? body : JSON.stringify(body) }),
        },
        service,
        `${method} ${path.replace(/\?.*/, '')}`,
      );
      const { answer, outcome, error } = tried;
      if (answer && accept.includes(answer.status)) return { kind: 'answer', answer };
      if (answer?.status === 401 && !renewed) {
        // Revoked or expired: a run of many rounds outlives a token.
        renewed = true;
        this.#shared.session = undefined;
        continue;
      }
      const repeat = request.repeat ?? (look ? 'look' : method === 'POST' ? 'never' : 'safe');
      const next = verdict(repeat, outcome, failures);
      if (next === 'take' && answer) return { kind: 'answer', answer };
      until ??= Date.now() + this.#shared.options.patienceMs;
      if (next === 'fail' || Date.now() >= until) throw error;
      if (answer?.status === 500) failures += 1;
      this.#shared.options.onTrouble(`${error.message}; retrying`);
      await this.#shared.options.pause(next === 'look' ? LOOK_AFTER_MS : pauseBefore(attempt), this.#signal);
      const found = next === 'look' ? await look?.() : undefined;
      if (found !== undefined) return { kind: 'found', found };
    }
  }

  async #attempt(
    request: HttpRequest,
    service: string,
    what: string,
  ): Promise<{ answer?: HttpAnswer; outcome: Outcome; error: CloudError }> {
    const { dial, trust } = this.#shared.options;
    try {
      const answer = await exchange(request, {
        dial,
        ...(trust === undefined ? {} : { trust }),
        quietMs: request.method === 'GET' ? QUIET_MS.read : QUIET_MS.write,
        signal: this.#signal,
      });
      const byProxy = isByProxy(answer);
      return {
        answer,
        outcome: { kind: 'status', status: answer.status, byProxy },
        error: refused(service, what, answer, byProxy),
      };
    } catch (cause) {
      this.#signal.throwIfAborted();
      if (!(cause instanceof NotSent || cause instanceof Broken)) throw cause;
      const error = new CloudError(
        `${service}: ${what} got no response from ${request.url.host}: ${cause.message}`,
        {
          service,
          hint:
            cause instanceof CloudUnreachable
              ? cause.hint
              : 'check the virtual IP and HAProxy: osha status INVENTORY',
          cause,
        },
      );
      return { outcome: { kind: cause instanceof NotSent ? 'not-sent' : 'broken' }, error };
    }
  }

  async #session(): Promise<Session> {
    this.#shared.session ??= this.#login();
    try {
      return await this.#shared.session;
    } catch (error) {
      this.#shared.session = undefined;
      throw error;
    }
  }

  async #login(): Promise<Session> {
    const { credentials, patienceMs, pause, onTrouble } = this.#shared.options;
    const { authUrl, user, project, password, region } = credentials;
    const domain = { id: 'default' };
    const body = JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: user, domain, password: password.reveal() } },
        },
        scope: { project: { name: project, domain } },
      },
    });
    const request: HttpRequest = {
      method: 'POST',
      url: new URL(`${authUrl}/auth/tokens`),
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body,
    };
    let until: number | undefined;
    for (let attempt = 0, failures = 0; ; attempt += 1) {
      const { answer, outcome, error } = await this.#attempt(request, 'identity', 'POST /auth/tokens');
      // Repeating a login is harmless: an unused token expires.
      const next = verdict('safe', outcome, failures);
      if (next === 'take' && answer) {
        const token = answer.headers['x-subject-token'];
        const content = jsonOf(answer) as
          { readonly token?: { readonly catalog?: CatalogueBody } } | undefined;
        if (typeof token !== 'string' || content?.token === undefined) {
          throw new CloudError(`identity: the response of ${request.url.host} has no token`, {
            service: 'identity',
            hint: 'check that Keystone listens there, and not another service',
          });
        }
        return { token, catalogue: new Catalogue(content.token.catalog ?? [], region) };
      }
      until ??= Date.now() + patienceMs;
      if (next === 'fail' || Date.now() >= until)
        throw answer?.status === 401 ? wrongPassword(user, error) : error;
      if (answer?.status === 500) failures += 1;
      onTrouble(`${error.message}; retrying`);
      await pause(pauseBefore(attempt), this.#signal);
    }
  }
}

function wrongPassword(user: string, cause: CloudError): CloudError {
  return new CloudError(`identity: Keystone rejects the password of ${user} from the secrets`, {
    service: 'identity',
    status: 401,
    hint: 'it may be the password of another deployment; to set it in this cloud: osha deploy INVENTORY --only keystone',
    cause,
  });
}

function refused(service: string, what: string, answer: HttpAnswer, byProxy: boolean): CloudError {
  const { status, headers } = answer;
  const words = wordsOf(answer);
  const id = headers['x-openstack-request-id'] ?? headers['x-compute-request-id'];
  const hint =
    status >= 502 && byProxy
      ? 'HAProxy has no healthy backend for it: osha status INVENTORY'
      : status >= 500
        ? `check its log on the control hosts${typeof id === 'string' ? ` for ${id}` : ''}`
        : undefined;
  return new CloudError(`${service}: ${what} returned ${status}${words === '' ? '' : `: ${words}`}`, {
    service,
    status,
    ...(hint === undefined ? {} : { hint }),
  });
}

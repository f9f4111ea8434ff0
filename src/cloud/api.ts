import type { Secret } from '../secrets/secret.ts';
import { isByProxy, jsonOf, wordsOf } from './answer.ts';
import type { CloudService } from '../playbook/cloud.ts';
import { Catalogue, type CatalogueBody } from './catalogue.ts';
import type { Dial } from './dial.ts';
import { Broken, CloudError, NotSent, NoWay } from './errors.ts';
import { exchange, type HttpAnswer, type HttpRequest } from './http.ts';
import type { Pause } from '../transport/timers.ts';
import { pauseBefore, verdict, type Outcome, type Repeat } from './retry.ts';

/** Who asks, and where. */
export interface Credentials {
  /** `http://10.0.0.20:5000/v3`. */
  readonly authUrl: string;
  readonly region: string;
  readonly user: string;
  readonly project: string;
  readonly password: Secret;
}

export interface ApiOptions {
  readonly credentials: Credentials;
  readonly dial: Dial;
  /** Certificates to trust, as PEM, besides those that everybody trusts. */
  readonly trust?: string;
  /** Milliseconds for which a request is tried again, counted from the first time that it got no answer. */
  readonly patienceMs: number;
  readonly pause: Pause;
  /** Told in words each time that something has to be tried again. */
  readonly onTrouble: (text: string) => void;
}

export interface ApiRequest {
  readonly method: HttpRequest['method'];
  /** Behind the service's URL in the catalogue. */
  readonly path: string;
  /** Sent as JSON, or bytes as they are. */
  readonly body?: object | Uint8Array;
  /** Statuses above 399 that are as good as success. */
  readonly accept?: readonly number[];
  /** Default `safe`; for POST `never`, and `look` where there is one. */
  readonly repeat?: Repeat;
  /** Looks whether a request was carried out of which nobody knows. Undefined: it was not. */
  readonly look?: () => Promise<unknown>;
}

/** Milliseconds without a byte: reading is quick, making something asks other services in turn. HAProxy gives up after 60 s. */
const QUIET_MS = { read: 20_000, write: 70_000 };
/** Milliseconds that a service may still be busy with a request whose connection broke. */
const LOOK_AFTER_MS = 2_000;

interface Session {
  token: string;
  catalogue: Catalogue;
}

/** What is the same for all views of one login. */
interface Shared {
  readonly options: ApiOptions;
  session: Promise<Session> | undefined;
}

/**
 * The APIs of a cloud, as one user. Requests that did not arrive, and those that may come twice, are sent again for a
 * while: so a switch of the virtual IP is survived. Every method throws `CloudError` in the service's own words, or the reason of
 * its signal.
 */
export class Api {
  readonly #shared: Shared;
  readonly #signal: AbortSignal;

  constructor(options: ApiOptions, signal: AbortSignal, shared: Shared = { options, session: undefined }) {
    this.#shared = shared;
    this.#signal = signal;
  }

  /** The same login, stopped by another signal. */
  with(signal: AbortSignal): Api {
    return new Api(this.#shared.options, signal, this.#shared);
  }

  /** Logs in where that was not done yet. */
  async catalogue(): Promise<Catalogue> {
    return (await this.#session()).catalogue;
  }

  /** The body of an answer as JSON. */
  async get<Body>(service: CloudService, path: string): Promise<Body> {
    return (await this.send(service, { method: 'GET', path })) as Body;
  }

  /** The bytes of an answer. */
  async bytes(service: CloudService, path: string): Promise<Buffer> {
    const answer = await this.#ask(service, { method: 'GET', path });
    return answer.kind === 'answer' ? answer.answer.body : Buffer.alloc(0);
  }

  /** Undefined where the service has no such thing: 404. */
  async find<Body>(service: CloudService, path: string): Promise<Body | undefined> {
    const answer = await this.#ask(service, { method: 'GET', path, accept: [404] });
    if (answer.kind === 'found' || answer.answer.status === 404) return undefined;
    return jsonOf(answer.answer) as Body;
  }

  /** The body of the answer as JSON, or what `look` found. */
  async send(service: CloudService, request: ApiRequest): Promise<unknown> {
    const answer = await this.#ask(service, request);
    return answer.kind === 'found' ? answer.found : jsonOf(answer.answer);
  }

  /** The status of an answer of any kind; nothing is thrown for one that is not accepted. */
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

  /** One request to a single host of a service, with nothing in between and never again. Throws `NotSent` or `Broken`. */
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
        // Revoked, or out of date: a run of many rounds outlives a token.
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
      this.#shared.options.onTrouble(`${error.message}; trying again`);
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
        `${service}: ${what} got no answer from ${request.url.host}: ${cause.message}`,
        {
          service,
          hint:
            cause instanceof NoWay
              ? cause.hint
              : 'is the virtual IP up, and HAProxy with it? See: osha status INVENTORY',
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
      // A token that nobody got hurts nobody.
      const next = verdict('safe', outcome, failures);
      if (next === 'take' && answer) {
        const token = answer.headers['x-subject-token'];
        const content = jsonOf(answer) as
          { readonly token?: { readonly catalog?: CatalogueBody } } | undefined;
        if (typeof token !== 'string' || content?.token === undefined) {
          throw new CloudError(`identity: ${request.url.host} gave no token`, {
            service: 'identity',
            hint: 'does Keystone answer there, or something else?',
          });
        }
        return { token, catalogue: new Catalogue(content.token.catalog ?? [], region) };
      }
      until ??= Date.now() + patienceMs;
      if (next === 'fail' || Date.now() >= until)
        throw answer?.status === 401 ? wrongPassword(user, error) : error;
      if (answer?.status === 500) failures += 1;
      onTrouble(`${error.message}; trying again`);
      await pause(pauseBefore(attempt), this.#signal);
    }
  }
}

function wrongPassword(user: string, cause: CloudError): CloudError {
  return new CloudError(`identity: Keystone does not let ${user} in with the password of the secrets`, {
    service: 'identity',
    status: 401,
    hint: 'it may be that of another deployment; this one is brought to the cloud by: osha deploy INVENTORY --only keystone',
    cause,
  });
}

function refused(service: string, what: string, answer: HttpAnswer, byProxy: boolean): CloudError {
  const { status, headers } = answer;
  const words = wordsOf(answer);
  const id = headers['x-openstack-request-id'] ?? headers['x-compute-request-id'];
  const hint =
    status >= 502 && byProxy
      ? 'HAProxy has no server that answers for it; see: osha status INVENTORY'
      : status >= 500
        ? `its log on the control hosts says more${typeof id === 'string' ? `, about ${id}` : ''}`
        : undefined;
  return new CloudError(
    `${service}: ${what} was answered with ${status}${words === '' ? '' : `: ${words}`}`,
    {
      service,
      status,
      ...(hint === undefined ? {} : { hint }),
    },
  );
}

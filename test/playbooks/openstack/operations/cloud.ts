import { createServer as createHttp, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

type Body = Readonly<Record<string, unknown>>;
type Entry = Body & { readonly id: string };

/** A received request. */
export interface Call {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
}

/** A response of a service. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

/** A Keystone on this machine, as far as osha uses it, with other services on the same port. */
export interface Cloud {
  readonly origin: string;
  /** Keystone's objects, by the name of their list. */
  readonly lists: Readonly<Record<string, Entry[]>>;
  /** All requests except logins, in order. */
  readonly calls: readonly Call[];
  close(): Promise<void>;
}

/** The administrator's password. */
export const ADMIN_PASSWORD = 'kP2vX8rLq5TzNw3H';
const TOKEN = 'gAAAAA-token-of-admin';

const SINGULAR: Readonly<Record<string, string>> = {
  projects: 'project',
  roles: 'role',
  users: 'user',
  services: 'service',
  endpoints: 'endpoint',
};

interface Auth {
  readonly auth: {
    readonly identity: {
      readonly password: {
        readonly user: {
          readonly name: string;
          readonly domain: { readonly id: string };
          readonly password: string;
        };
      };
    };
    readonly scope: 'unscoped' | { readonly project: { readonly name: string } };
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

const refused = (status: number, message: string): Reply => ({
  status,
  body: { error: { code: status, message } },
});

/** A Keystone after bootstrapping with this URL. */
class Keystone {
  readonly lists: Record<string, Entry[]>;
  #last = 0;

  constructor(url: string) {
    this.lists = {
      projects: [{ id: 'p-admin', name: 'admin', domain_id: 'default' }],
      roles: [{ id: 'r-admin', name: 'admin' }],
      users: [{ id: 'u-admin', name: 'admin', domain_id: 'default', password: ADMIN_PASSWORD }],
      services: [{ id: 's-identity', name: 'keystone', type: 'identity' }],
      endpoints: ['public', 'internal', 'admin'].map((kind) => ({
        id: `e-${kind}`,
        service_id: 's-identity',
        interface: kind,
        region: 'RegionOne',
        url,
      })),
      role_assignments: [],
    };
  }

  #named(list: string): Entry[] {
    return (this.lists[list] ??= []);
  }

  login({ auth: { identity, scope } }: Auth): Reply {
    const { name, domain, password } = identity.password.user;
    const known = this.#named('users').find(
      (user) => user['name'] === name && user['domain_id'] === domain.id,
    );
    if (known?.['password'] !== password) {
      return refused(401, 'The request you have made requires authentication.');
    }
    const catalog = this.#named('services').map((service) => ({
      type: service['type'],
      endpoints: this.#named('endpoints').filter((endpoint) => endpoint['service_id'] === service.id),
    }));
    return { status: 201, body: { token: scope === 'unscoped' ? {} : { catalog } } };
  }

  answer({ method, path, body }: Call): Reply {
    const { pathname, searchParams } = new URL(path, 'http://keystone');
    const [, , list = '', id, ...rest] = pathname.split('/');
    const singular = SINGULAR[list] ?? '';
    const given = ((body ?? {}) as Readonly<Record<string, Body>>)[singular] ?? {};
    if (method === 'GET') {
      const wanted = [...searchParams];
      const found = this.#named(list).filter((one) => wanted.every(([key, value]) => one[key] === value));
      return { status: 200, body: { [list]: found.map((one) => ({ ...one, password: undefined })) } };
    }
    if (method === 'POST') return this.#create(list, singular, given);
    if (method === 'PATCH') {
      const index = this.#named(list).findIndex((one) => one.id === id);
      const before = this.#named(list)[index];
      if (!before) return refused(404, `Could not find ${singular}: ${id ?? ''}.`);
      this.#named(list)[index] = { ...before, ...given };
      return { status: 200, body: {} };
    }
    const [, user = '', , role = ''] = rest;
    const known = [
      ['projects', id],
      ['users', user],
      ['roles', role],
    ] as const;
    if (known.some(([name, wanted]) => !this.#named(name).some((one) => one.id === wanted))) {
      return refused(404, 'Could not find that.');
    }
    const scope = { project: { id } };
    this.#named('role_assignments').push({ id: '', user: { id: user }, role: { id: role }, scope });
    return { status: 204 };
  }

  #create(list: string, singular: string, given: Body): Reply {
    const same = (one: Entry): boolean =>
      one['name'] === given['name'] && one['domain_id'] === given['domain_id'];
    if (given['name'] !== undefined && this.#named(list).some(same)) {
      return refused(409, `Conflict occurred attempting to store ${singular}.`);
    }
    this.#last += 1;
    const region = given['region_id'] === undefined ? {} : { region: given['region_id'] };
    const entry = { ...given, ...region, id: `${singular}-${this.#last}` };
    this.#named(list).push(entry);
    return { status: 201, body: { [singular]: { ...entry, password: undefined } } };
  }
}

export interface CloudOptions {
  /** Answers requests to other services; 404 if it returns undefined. */
  readonly others?: (call: Call) => Reply | undefined | Promise<Reply | undefined>;
  /** The certificate and key for TLS. */
  readonly tls?: ServerOptions;
}

/** Starts a fake cloud on a free port of this machine. */
export async function startCloud({ others, tls }: CloudOptions = {}): Promise<Cloud> {
  const calls: Call[] = [];
  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const body = await bodyOf(request);
    const path = request.url ?? '';
    if (path === '/v3/auth/tokens') return keystone.login(body as Auth);
    const token = request.headers['x-auth-token'];
    const call = {
      method: request.method ?? '',
      path,
      ...(body === undefined ? {} : { body }),
      ...(typeof token === 'string' ? { token } : {}),
    };
    calls.push(call);
    if (token !== TOKEN) return refused(401, 'no token');
    if (path.startsWith('/v3/')) return keystone.answer(call);
    return (await others?.(call)) ?? refused(404, 'not here');
  };
  const listener: RequestListener = (request, response) => {
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'X-Subject-Token': TOKEN });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  };
  const server = tls ? createHttps(tls, listener) : createHttp(listener);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const keystone = new Keystone(`${origin}/v3`);
  return {
    origin,
    lists: keystone.lists,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

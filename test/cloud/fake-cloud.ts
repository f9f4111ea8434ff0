import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fakeAnswers, type Answered, type World } from './fake-services.ts';

/** A fault injected into a request. */
export interface Fault {
  readonly method: string;
  /** Matches the path with its service's prefix: `/network/v2.0/routers`. */
  readonly path: RegExp;
  /**
   * `reset-before`: the connection is reset before the request is carried out; `reset-after`: after it, so that the response is lost;
   * `proxy`: HAProxy has no backend; a number: the service only returns this status.
   */
  readonly what: 'reset-before' | 'reset-after' | 'proxy' | number;
  /** How often; default once. */
  times?: number;
}

/** An in-memory cloud with all services on one port. */
export class FakeCloud {
  readonly world: World;
  /** Every request that was carried out, as `METHOD path`. */
  readonly done: string[] = [];
  readonly faults: Fault[] = [];
  /** The root of the URLs in its catalogue; default: where it listens. */
  root: string | undefined;
  readonly #server: Server;

  constructor({ password = 'right' } = {}) {
    this.world = { password, things: new Map(), bytes: new Map(), polls: new Map() };
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get authUrl(): string {
    return `http://127.0.0.1:${this.port}/identity/v3`;
  }

  /** Names of all objects in the cloud. */
  get names(): readonly string[] {
    return [...this.world.things.values()].flatMap((all) =>
      [...all.values()].map((thing) => thing['name'] ?? ''),
    ) as string[];
  }

  /** How many objects of this kind were created. */
  made(path: string): number {
    return this.done.filter((line) => line === `POST ${path}`).length;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', this.authUrl);
    const method = request.method ?? '';
    const fault = this.faults.find(
      (one) => one.method === method && one.path.test(url.pathname) && (one.times ?? 1) > 0,
    );
    if (fault) fault.times = (fault.times ?? 1) - 1;
    if (fault?.what === 'reset-before') return void request.socket.resetAndDestroy();
    if (fault?.what === 'proxy') {
      response.writeHead(503, { 'content-type': 'text/html' });
      return void response.end(
        '<html><body><h1>503 Service Unavailable</h1>No server is available</body></html>',
      );
    }
    if (typeof fault?.what === 'number') {
      response.writeHead(fault.what, {
        'content-type': 'application/json',
        'x-openstack-request-id': 'req-1',
      });
      return void response.end(JSON.stringify({ error: { message: 'a fault on purpose' } }));
    }
    const answer = this.#answer(method, url, body, request);
    this.done.push(`${method} ${url.pathname}`);
    if (fault?.what === 'reset-after') return void request.socket.resetAndDestroy();
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      'x-openstack-request-id': `req-${randomUUID()}`,
      ...answer.headers,
    });
    response.end(answer.bytes ?? (answer.body === undefined ? undefined : JSON.stringify(answer.body)));
  }

  #answer(method: string, url: URL, body: Buffer, request: IncomingMessage): Answered {
    const root = this.root ?? `http://127.0.0.1:${this.port}`;
    if (!url.pathname.endsWith('/v3/auth/tokens') && request.headers['x-auth-token'] !== 'token') {
      return { status: 401, body: { error: { message: 'who are you?' } } };
    }
    return fakeAnswers(this.world, { method, url, body, root });
  }
}

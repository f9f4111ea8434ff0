import { request as plainRequest, type IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as connectTls, rootCertificates } from 'node:tls';
import type { Dial } from './dial.ts';
import { Broken, CloudError, NotSent } from './errors.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpOptions {
  readonly dial: Dial;
  /** Certificates to trust in addition to public CAs, as PEM. */
  readonly trust?: string;
  /** Milliseconds without a byte after which the connection counts as broken. */
  readonly quietMs: number;
  readonly signal: AbortSignal;
}

/** Milliseconds for the TLS handshake. */
const HANDSHAKE_WITHIN_MS = 10_000;

/**
 * Sends one request on a new connection, because a reused one could be dead. Throws `NotSent` if the service was not
 * reached, `Broken` if its response did not arrive, `CloudError` for an untrusted certificate, or the reason of `signal`.
 */
export async function exchange(request: HttpRequest, options: HttpOptions): Promise<HttpAnswer> {
  const { url } = request;
  const secure = url.protocol === 'https:';
  const port = Number(url.port) || (secure ? 443 : 80);
  const stream = await options.dial({ address: url.hostname, port }, options.signal);
  try {
    return await send(request, secure ? await encrypted(stream, url.hostname, options) : stream, options);
  } finally {
    stream.destroy();
  }
}

function encrypted(stream: Duplex, host: string, { trust, signal }: HttpOptions): Promise<Duplex> {
  return new Promise((opened, failed) => {
    const socket = connectTls({
      socket: stream,
      host,
      ...(trust === undefined ? {} : { ca: [...rootCertificates, trust] }),
    });
    const fail = (error: Error): void => {
      settle();
      socket.destroy();
      failed(error);
    };
    const onAbort = (): void => fail(signal.reason as Error);
    const late = setTimeout(
      () => fail(new NotSent(`${host} did not complete the TLS handshake`)),
      HANDSHAKE_WITHIN_MS,
    );
    const settle = (): void => {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (cause: Error) =>
      fail(
        isDistrust(cause)
          ? untrusted(host, cause)
          : new NotSent(`TLS with ${host}: ${cause.message}`, { cause }),
      ),
    );
    socket.once('secureConnect', () => {
      settle();
      socket.on('error', () => undefined);
      opened(socket);
    });
  });
}

/** Whether OpenSSL or Node rejected the certificate; other errors concern the connection. */
function isDistrust({ code = '' }: NodeJS.ErrnoException): boolean {
  return /CERT|SIGNATURE|^ERR_TLS_/.test(code);
}

function untrusted(host: string, cause: Error): CloudError {
  return new CloudError(`the certificate of ${host} is not trusted: ${cause.message}`, {
    hint: "check that haproxy.tls in the inventory names HAProxy's certificate; to place one signed by osha: osha deploy INVENTORY --only haproxy",
    cause,
  });
}

function send(request: HttpRequest, stream: Duplex, { quietMs, signal }: HttpOptions): Promise<HttpAnswer> {
  const { method, url, headers, body } = request;
  return new Promise((answered, failed) => {
    const sent = plainRequest({
      method,
      host: url.hostname,
      path: `${url.pathname}${url.search}`,
      headers: {
        ...headers,
        host: url.host,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
      createConnection: () => stream,
    });
    let quiet: NodeJS.Timeout | undefined;
    const fail = (error: Error): void => {
      settle();
      sent.destroy();
      failed(error);
    };
    const alive = (): void => {
      clearTimeout(quiet);
      quiet = setTimeout(() => fail(new Broken(`no data for ${quietMs / 1000} s`)), quietMs);
    };
    const onAbort = (): void => fail(signal.reason as Error);
    const settle = (): void => {
      clearTimeout(quiet);
      signal.removeEventListener('abort', onAbort);
    };
    const broken = (cause: Error): void =>
      fail(new Broken(`the connection broke: ${cause.message}`, { cause }));
    signal.addEventListener('abort', onAbort, { once: true });
    alive();
    sent.on('error', broken);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        alive();
      });
      response.on('error', broken);
      response.on('end', () => {
        settle();
        answered({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        });
      });
    });
    sent.end(body);
  });
}

import { createServer as createPlain, type RequestListener } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { directly } from '../../src/cloud/dial.ts';
import { Broken, CloudError, NotSent } from '../../src/cloud/errors.ts';
import { exchange, type HttpAnswer, type HttpOptions, type HttpRequest } from '../../src/cloud/http.ts';
import { authority } from '../../src/operations/tls/authority.ts';
import { newPrivateKey } from '../../src/secrets/private-key.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { issue } from '../../src/operations/tls/issued.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function ask(
  url: string,
  options: Partial<HttpOptions> = {},
  request: Partial<HttpRequest> = {},
): Promise<HttpAnswer> {
  return exchange(
    { method: 'GET', url: new URL(url), headers: {}, ...request },
    { dial: directly(500), quietMs: 5_000, signal: new AbortController().signal, ...options },
  );
}

const says =
  (text: string): RequestListener =>
  (request, response) => {
    request.resume();
    request.on('end', () =>
      response.end(`${request.method} ${request.url} ${request.headers.host}: ${text}`),
    );
  };

describe('an HTTP request', () => {
  it('sends its body and returns the response', async () => {
    const port = await portOf(
      createPlain((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => response.writeHead(201).end(Buffer.concat(chunks).reverse()));
      }),
    );
    const body = Buffer.from([0, 255, 10, 200]);
    const answer = await ask(`http://127.0.0.1:${port}/any`, {}, { method: 'PUT', body });
    expect([answer.status, [...answer.body]]).toEqual([201, [200, 10, 255, 0]]);
  });

  it('is reported as not sent if nothing listens on the port', async () => {
    const port = await portOf(createTcp());
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    await expect(ask(`http://127.0.0.1:${port}/`)).rejects.toBeInstanceOf(NotSent);
  });

  it.each<[string, number, () => Server]>([
    [
      'the connection is reset',
      5_000,
      () => createTcp((socket) => socket.once('data', () => socket.resetAndDestroy())),
    ],
    [
      'the response is truncated',
      5_000,
      () =>
        createTcp((socket) =>
          socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf')),
        ),
    ],
    ['no data arrives in time', 100, () => createTcp((socket) => socket.resume())],
  ])('is broken where %s', async (_, quietMs, server) => {
    const port = await portOf(server());
    await expect(ask(`http://127.0.0.1:${port}/`, { quietMs })).rejects.toBeInstanceOf(Broken);
  });

  it('ends at once when aborted', async () => {
    const port = await portOf(createTcp((socket) => socket.resume()));
    const stop = new AbortController();
    const asked = ask(`http://127.0.0.1:${port}/`, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await expect(asked).rejects.toThrow('enough');
  });
});

describe('a request over TLS', () => {
  const newAuthority = (): ReturnType<typeof authority> =>
    authority('test', new Secret('ca', newPrivateKey(2048)));
  const ca = newAuthority();
  const now = Date.now() / 1000;
  const secure = async (names: readonly string[]): Promise<number> => {
    const pem = (await issue(ca, { names, days: 1 }, now)).reveal();
    return portOf(createSecure({ key: pem, cert: pem }, says('hello')));
  };

  it('accepts a certificate of the trusted CA for that address', async () => {
    const port = await secure(['api', '127.0.0.1']);
    const answer = await ask(`https://127.0.0.1:${port}/v3`, { trust: ca.certificate });
    expect(answer.body.toString()).toBe(`GET /v3 127.0.0.1:${port}: hello`);
  });

  it.each<[string, readonly string[], string | undefined]>([
    ['the CA is unknown', ['127.0.0.1'], undefined],
    ['another CA is trusted', ['127.0.0.1'], newAuthority().certificate],
    ['it is for another address', ['192.0.2.1'], ca.certificate],
  ])('gives up at once where %s', async (_, names, trust) => {
    const port = await secure(names);
    const asked = ask(`https://127.0.0.1:${port}/`, trust === undefined ? {} : { trust });
    await expect(asked).rejects.toBeInstanceOf(CloudError);
    await expect(asked).rejects.toThrow('the certificate of 127.0.0.1 is not trusted');
  });

  it('is reported as not sent if the port does not speak TLS', async () => {
    const port = await portOf(createPlain(says('plain')));
    await expect(ask(`https://127.0.0.1:${port}/`)).rejects.toBeInstanceOf(NotSent);
  });
});

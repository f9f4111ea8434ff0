import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionDropped, ForwardError } from '../../src/transport/errors.ts';
import type { Session } from '../../src/transport/session.ts';
import type { Subject } from './contract.ts';

/** The answer to `sent` over a connection. */
async function echo(session: Session, port: number, sent: Buffer): Promise<Buffer> {
  const stream = await session.forward('127.0.0.1', port);
  stream.end(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The contract of `Session.forward`, for any transport that makes real connections. */
export function forwardsConnections(name: string, start: () => Promise<Subject>): void {
  describe(`${name}, forwarding a connection,`, () => {
    let subject: Subject;
    let session: Session;
    let server: Server;
    let port: number;

    beforeAll(async () => {
      subject = await start();
      session = await subject.open();
      server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      port = (server.address() as AddressInfo).port;
    });
    afterAll(async () => {
      await session?.close();
      await subject?.end();
      server.close();
    });

    it('transfers arbitrary bytes both ways', async () => {
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
      expect((await echo(session, port, bytes)).equals(bytes)).toBe(true);
    });

    it('does not wait for a running script', async () => {
      let onStart = (): void => undefined;
      const running = new Promise<void>((resolve) => (onStart = resolve));
      const stop = new AbortController();
      const script = session
        .run('echo on; sleep 305', { timeoutMs: 30_000, signal: stop.signal, onOutput: () => onStart() })
        .catch((error: unknown) => error);
      await running;
      expect((await echo(session, port, Buffer.from('meanwhile'))).toString()).toBe('meanwhile');
      stop.abort(new Error('enough'));
      expect(await script).toMatchObject({ message: 'enough' });
    });

    it('reports a closed port', async () => {
      const unused = createServer();
      await new Promise<void>((resolve) => unused.listen(0, '127.0.0.1', resolve));
      const free = (unused.address() as AddressInfo).port;
      await new Promise((resolve) => unused.close(resolve));
      const failed = session.forward('127.0.0.1', free);
      await expect(failed).rejects.toBeInstanceOf(ForwardError);
      await expect(failed).rejects.toMatchObject({
        prohibited: false,
        message: expect.stringMatching(/refused/i) as string,
      });
    });

    it('fails once the session is closed', async () => {
      const other = await subject.open();
      await other.close();
      await expect(other.forward('127.0.0.1', port)).rejects.toBeInstanceOf(ConnectionDropped);
    });
  });
}

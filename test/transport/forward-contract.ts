import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionDropped, ForwardError } from '../../src/transport/errors.ts';
import type { Session } from '../../src/transport/session.ts';
import type { Subject } from './contract.ts';

/** What comes back through a connection for `sent`. */
async function echo(session: Session, port: number, sent: Buffer): Promise<Buffer> {
  const stream = await session.forward('127.0.0.1', port);
  stream.end(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The promises of `Session.forward`, for any transport that connects for real. */
export function forwardsConnections(name: string, start: () => Promise<Subject>): void {
  describe(`${name}, when it forwards`, () => {
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

    it('carries any bytes both ways', async () => {
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
      expect((await echo(session, port, bytes)).equals(bytes)).toBe(true);
    });

    it('does not wait for a script that runs', async () => {
      let told = (): void => undefined;
      const running = new Promise<void>((resolve) => (told = resolve));
      const stop = new AbortController();
      const script = session
        .run('echo on; sleep 305', { timeoutMs: 30_000, signal: stop.signal, onOutput: () => told() })
        .catch((error: unknown) => error);
      await running;
      expect((await echo(session, port, Buffer.from('meanwhile'))).toString()).toBe('meanwhile');
      stop.abort(new Error('enough'));
      expect(await script).toMatchObject({ message: 'enough' });
    });

    it('says that nobody listens there', async () => {
      const nobody = createServer();
      await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
      const free = (nobody.address() as AddressInfo).port;
      await new Promise((resolve) => nobody.close(resolve));
      const failed = session.forward('127.0.0.1', free);
      await expect(failed).rejects.toBeInstanceOf(ForwardError);
      await expect(failed).rejects.toMatchObject({
        prohibited: false,
        message: expect.stringMatching(/refused/i) as string,
      });
    });

    it('does so no more once the session is closed', async () => {
      const other = await subject.open();
      await other.close();
      await expect(other.forward('127.0.0.1', port)).rejects.toBeInstanceOf(ConnectionDropped);
    });
  });
}

import { describe, expect, it } from 'vitest';
import { ConnectError, ConnectionDropped, ScriptTimeout } from '../../src/transport/errors.ts';
import { createFakeTransport } from './fake.ts';
import { aHost } from '../support/inventory.ts';

const CONNECT = { timeoutMs: 1000, acceptNew: false };
const RUN = { timeoutMs: 1000 };
const host = aHost('controller1');

describe('the fake transport', () => {
  it('answers from its handler, and records requests', async () => {
    const transport = createFakeTransport({ answer: ({ script }) => ({ stdout: script.toUpperCase() }) });
    const session = await transport.connect(host, CONNECT);
    const pieces: string[] = [];
    const result = await session.run('uptime', {
      ...RUN,
      input: 'in',
      onOutput: (_, piece) => pieces.push(piece),
    });
    expect(result).toMatchObject({ stdout: 'UPTIME', stderr: '', exitCode: 0 });
    expect(pieces).toEqual(['UPTIME']);
    expect(transport.sent).toEqual([{ host, script: 'uptime', input: 'in' }]);
    expect(session.roundTrips).toBe(1);
  });

  it('throws errors of its handler, and reports a script without an answer', async () => {
    const transport = createFakeTransport({
      answer: ({ script }) => (script === 'bad' ? new Error('on purpose') : undefined),
    });
    const session = await transport.connect(host, CONNECT);
    await expect(session.run('bad', RUN)).rejects.toThrow('on purpose');
    await expect(session.run('strange', RUN)).rejects.toThrow('no answer to this script:\nstrange');
  });

  it('refuses connections until they are admitted', async () => {
    const transport = createFakeTransport();
    transport.refuse(host.name);
    await expect(transport.connect(host, CONNECT)).rejects.toBeInstanceOf(ConnectError);
    transport.admit(host.name);
    await (await transport.connect(host, CONNECT)).close();
    expect(transport.open).toEqual([]);
  });

  it('drops a connection after a script ran; the session is dead and a new one works', async () => {
    const transport = createFakeTransport({ answer: () => ({}) });
    transport.dropAt(host.name, (script) => script === 'second');
    const session = await transport.connect(host, CONNECT);
    await session.run('first', RUN);
    await expect(session.run('second', RUN)).rejects.toBeInstanceOf(ConnectionDropped);
    await expect(session.run('third', RUN)).rejects.toBeInstanceOf(ConnectionDropped);
    expect(transport.sent.map(({ script }) => script)).toEqual(['first', 'second']);
    await (await transport.connect(host, CONNECT)).run('second', RUN);
  });

  it('enforces time limits and aborts', async () => {
    const transport = createFakeTransport({ answer: () => ({}) });
    transport.delay(host.name, 200);
    const session = await transport.connect(host, CONNECT);
    await expect(session.run('slow', { timeoutMs: 20 })).rejects.toBeInstanceOf(ScriptTimeout);
    const reason = new Error('Ctrl-C');
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 20);
    await expect(session.run('slow', { ...RUN, signal: abort.signal })).rejects.toBe(reason);
  });

  it('locks for one session at a time', async () => {
    const transport = createFakeTransport();
    const [first, second] = [await transport.connect(host, CONNECT), await transport.connect(host, CONNECT)];
    expect(await first.lock('ann', 100)).toEqual({ ok: true });
    expect(await second.lock('bob', 100)).toEqual({ ok: false, holder: 'ann' });
    await first.close();
    expect(await second.lock('bob', 100)).toEqual({ ok: true });
  });
});

import { describe, expect, it } from 'vitest';
import { Connections } from '../../src/runner/connections.ts';
import type { Lane } from '../../src/runner/host-connection.ts';
import { ConnectionDropped } from '../../src/transport/errors.ts';
import { createFakeTransport, type FakeRequest, type FakeTransport } from '../transport/fake.ts';
import type { Session } from '../../src/transport/session.ts';
import { aHost } from '../support/inventory.ts';

const host = aHost('controller1');
const RUN = { timeoutMs: 5000 };

/** Two phases' ways to one host, and how often it was connected to. */
async function twoLines(given: Partial<Parameters<typeof createFakeTransport>[0]> = {}): Promise<{
  lines: readonly [Lane, Lane];
  transport: FakeTransport;
  connections: Connections;
  connected: Session[];
}> {
  const transport = createFakeTransport({ answer: () => ({}), ...given });
  const connected: Session[] = [];
  const connect: FakeTransport['connect'] = async (...to) => {
    const session = await transport.connect(...to);
    connected.push(session);
    return session;
  };
  const connections = new Connections({ ...transport, connect }, { timeoutMs: 1000, acceptNew: false });
  await connections.open([host], 1, () => undefined);
  return {
    lines: [connections.to(host).lane(0), connections.to(host).lane(1)],
    transport,
    connections,
    connected,
  };
}

/** Answers `wait` only once `go` was called. */
function gate(): { answer: (request: FakeRequest) => Promise<object>; go: () => void } {
  let go = (): void => undefined;
  const gone = new Promise<void>((resolve) => (go = resolve));
  return {
    answer: async ({ script }) => {
      if (script === 'wait') await gone;
      return {};
    },
    go,
  };
}

describe('the lines of phases side by side', () => {
  it('share a connection, and each has a shell of its own on it', async () => {
    const { answer, go } = gate();
    const { lines, connected, transport, connections } = await twoLines({ answer });
    const waiting = lines[0].run('wait', RUN);
    await lines[1].run('not held up', RUN);
    go();
    await waiting;
    expect(connected).toHaveLength(1);
    expect(transport.open).toEqual(['controller1', 'controller1']);
    await connections.close();
    expect(transport.open).toEqual([]);
  });

  it('share one shell where the host gives no more', async () => {
    const { lines, transport } = await twoLines({ shells: 1 });
    await Promise.all(lines.map((line) => line.run('hostname', RUN)));
    expect(transport.open).toEqual(['controller1']);
    expect(lines.map((line) => line.roundTrips)).toEqual([1, 1]);
  });

  it('open a connection that dropped under them anew once, and both read on', async () => {
    const { answer, go } = gate();
    const { lines, transport, connected } = await twoLines({ answer });
    await lines[1].run('warm up', RUN);
    const waiting = lines[0].read('wait', RUN);
    transport.dropAt(host.name, (script) => script === 'dropping');
    await lines[1].read('dropping', RUN);
    // Only now the other phase hears that its script was lost.
    go();
    await waiting;
    expect(connected).toHaveLength(2);
    expect(lines.map((line) => line.roundTrips)).toEqual([2, 3]);
  });

  it('leave the connection to the others when only one of their shells is gone', async () => {
    const { answer, go } = gate();
    const { lines, connected, connections } = await twoLines({ answer });
    const waiting = lines[0].run('wait', RUN);
    const own = await connections.to(host).shell(1);
    await own.close();
    await lines[1].read('hostname', RUN);
    go();
    await waiting;
    expect(connected).toHaveLength(1);
  });

  it('never send a change twice', async () => {
    const { lines, transport } = await twoLines();
    transport.dropAt(host.name, (script) => script === 'change');
    await expect(lines[1].run('change', RUN)).rejects.toBeInstanceOf(ConnectionDropped);
    expect(transport.sent.map(({ script }) => script)).toEqual(['change']);
  });
});

import { describe, expect, it } from 'vitest';
import { Connections } from '../../src/runner/connections.ts';
import type { Lane } from '../../src/runner/host-connection.ts';
import { ConnectionDropped } from '../../src/transport/errors.ts';
import { createFakeTransport, type FakeRequest, type FakeTransport } from '../transport/fake.ts';
import type { Session } from '../../src/transport/session.ts';
import { aHost } from '../support/inventory.ts';

const host = aHost('controller1');
const RUN = { timeoutMs: 5000 };

/** Two lanes on one host, and how often it was connected to. */
async function twoLanes(given: Partial<Parameters<typeof createFakeTransport>[0]> = {}): Promise<{
  lanes: readonly [Lane, Lane];
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
    lanes: [connections.to(host).lane(0), connections.to(host).lane(1)],
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

describe('the lanes of parallel phases', () => {
  it('share one connection and have a shell each', async () => {
    const { answer, go } = gate();
    const { lanes, connected, transport, connections } = await twoLanes({ answer });
    const waiting = lanes[0].run('wait', RUN);
    await lanes[1].run('not held up', RUN);
    go();
    await waiting;
    expect(connected).toHaveLength(1);
    expect(transport.open).toEqual(['controller1', 'controller1']);
    await connections.close();
    expect(transport.open).toEqual([]);
  });

  it('share one shell where the host allows no more', async () => {
    const { lanes, transport } = await twoLanes({ shells: 1 });
    await Promise.all(lanes.map((line) => line.run('hostname', RUN)));
    expect(transport.open).toEqual(['controller1']);
    expect(lanes.map((line) => line.roundTrips)).toEqual([1, 1]);
  });

  it('reopen a dropped connection once, and both continue to read', async () => {
    const { answer, go } = gate();
    const { lanes, transport, connected } = await twoLanes({ answer });
    await lanes[1].run('warm up', RUN);
    const waiting = lanes[0].read('wait', RUN);
    transport.dropAt(host.name, (script) => script === 'dropping');
    await lanes[1].read('dropping', RUN);
    // Only now the other phase hears that its script was lost.
    go();
    await waiting;
    expect(connected).toHaveLength(2);
    expect(lanes.map((line) => line.roundTrips)).toEqual([2, 3]);
  });

  it('keep the connection when only one of their shells is lost', async () => {
    const { answer, go } = gate();
    const { lanes, connected, connections } = await twoLanes({ answer });
    const waiting = lanes[0].run('wait', RUN);
    const own = await connections.to(host).shell(1);
    await own.close();
    await lanes[1].read('hostname', RUN);
    go();
    await waiting;
    expect(connected).toHaveLength(1);
  });

  it('never send a change twice', async () => {
    const { lanes, transport } = await twoLanes();
    transport.dropAt(host.name, (script) => script === 'change');
    await expect(lanes[1].run('change', RUN)).rejects.toBeInstanceOf(ConnectionDropped);
    expect(transport.sent.map(({ script }) => script)).toEqual(['change']);
  });
});

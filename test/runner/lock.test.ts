import { describe, expect, it } from 'vitest';
import { Connections } from '../../src/runner/connections.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import type { Lane } from '../../src/runner/host-connection.ts';
import { ConnectionDropped, LockFailed } from '../../src/transport/errors.ts';
import { createFakeTransport, type FakeTransport } from '../transport/fake.ts';
import type { LockAnswer, Session } from '../../src/transport/session.ts';
import { aHost } from '../support/inventory.ts';

const host = aHost('controller1');
const RUN = { timeoutMs: 5000 };

type Locking = (owner: string, session: Session) => LockAnswer | Error | Promise<LockAnswer>;

interface World {
  readonly transport: FakeTransport;
  readonly connections: Connections;
  readonly lanes: readonly [Lane, Lane];
  readonly events: RunEvent[];
  /** What was asked of the host, in order: scripts, and `lock` and `join` with their answers. */
  readonly asked: string[];
}

/** A host whose lock answers as `lock` and `join` say; default always given. */
async function aRun(
  given: { readonly lock?: Locking; readonly join?: Locking; readonly withinMs?: number } = {},
): Promise<World> {
  const asked: string[] = [];
  const transport = createFakeTransport({
    answer: ({ script }) => {
      asked.push(script);
      return {};
    },
  });
  const note =
    (what: string, locking: Locking | undefined, session: Session) =>
    async (owner: string): Promise<LockAnswer> => {
      const answer = (await locking?.(owner, session)) ?? { ok: true };
      asked.push(`${what}: ${answer instanceof Error ? answer.name : answer.ok ? 'ok' : 'held'}`);
      if (answer instanceof Error) throw answer;
      return answer;
    };
  const withLocks = (session: Session): Session => {
    const openAnother = session.openAnother.bind(session);
    return Object.assign(session, {
      lock: note('lock', given.lock, session),
      joinLock: note('join', given.join, session),
      openAnother: async (limits: Parameters<Session['openAnother']>[0]) =>
        withLocks(await openAnother(limits)),
    });
  };
  const connections = new Connections(
    { ...transport, connect: async (...to) => withLocks(await transport.connect(...to)) },
    {
      timeoutMs: 1000,
      acceptNew: false,
      lockPatience: { everyMs: 1, withinMs: given.withinMs ?? 60_000 },
    },
  );
  const events: RunEvent[] = [];
  await connections.open([host], 1, (event) => events.push(event));
  const lanes = [connections.to(host).lane(0), connections.to(host).lane(1)] as const;
  return { transport, connections, lanes, events, asked };
}

/** Answers of a host: the lock is given, and after the next connection it is held by `holder` until `release` is called. */
function heldAfterDrop(holder: (owner: string) => string): { lock: Locking; release: () => void } {
  let times = 0;
  let released = false;
  return {
    lock: (owner) => {
      times += 1;
      return times === 1 || released ? { ok: true } : { ok: false, holder: holder(owner) };
    },
    release: () => {
      released = true;
    },
  };
}

const passes = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const scripts = (asked: readonly string[]): readonly string[] =>
  asked.filter((entry) => !entry.includes(':'));

describe('a change', () => {
  it('is not sent after a drop until the lock is held again, while reads are', async () => {
    const { lock, release } = heldAfterDrop((owner) => owner);
    const { lanes, transport, connections, asked } = await aRun({ lock });
    expect(await connections.lock([host], 'ann')).toEqual([]);
    transport.dropAt(host.name, (script) => script === 'probe');
    await lanes[0].read('probe', RUN);
    const change = lanes[0].run('change', RUN);
    await lanes[0].read('another probe', RUN);
    await passes(30);
    expect(scripts(asked)).toEqual(['probe', 'probe', 'another probe']);
    release();
    await change;
    expect(asked.slice(-2)).toEqual(['lock: ok', 'change']);
  });

  it('that is cut off is reported only once its script has ended, so that a probe sees its final effect', async () => {
    const { lock, release } = heldAfterDrop((owner) => owner);
    const { lanes, transport, connections, asked } = await aRun({ lock });
    await connections.lock([host], 'ann');
    transport.dropAt(host.name, (script) => script === 'change');
    let told = false;
    const change = lanes[0].run('change', RUN).catch((error: unknown) => {
      told = true;
      return error;
    });
    await passes(30);
    expect(told).toBe(false);
    release();
    expect(await change).toBeInstanceOf(ConnectionDropped);
    expect(asked.at(-1)).toBe('lock: ok');
    await lanes[0].run('next change', RUN);
    expect(scripts(asked)).toEqual(['change', 'next change']);
  });

  it('is never sent if another run took the lock meanwhile: the host leaves the run with that reason', async () => {
    const { lock } = heldAfterDrop(() => 'bob on desktop');
    const { lanes, transport, connections, asked, events } = await aRun({ lock });
    await connections.lock([host], 'ann');
    transport.dropAt(host.name, (script) => script === 'probe');
    await lanes[0].read('probe', RUN).catch(() => undefined);
    await expect(lanes[0].run('change', RUN)).rejects.toThrow('another run holds its lock: bob on desktop');
    expect(scripts(asked)).not.toContain('change');
    expect(connections.of(host.name)).toMatchObject({ ok: false, absence: 'locked' });
    expect(events.at(-1)).toMatchObject({ event: 'rejected', host: host.name });
  });

  it('is never sent while an earlier connection keeps the lock', async () => {
    const { lock } = heldAfterDrop((owner) => owner);
    const { lanes, transport, connections, asked, events } = await aRun({ lock, withinMs: 20 });
    await connections.lock([host], 'ann');
    transport.dropAt(host.name, (script) => script === 'probe');
    await lanes[0].read('probe', RUN);
    await expect(lanes[0].run('change', RUN)).rejects.toBeInstanceOf(ConnectionDropped);
    expect(scripts(asked)).not.toContain('change');
    expect(events.at(-1)).toMatchObject({
      event: 'unreachable',
      message: 'cannot take its lock: an earlier connection of this run still holds it',
    });
  });

  it('on a further shell waits until that shell holds the lock too, once', async () => {
    const { lanes, connections, asked } = await aRun();
    await connections.lock([host], 'ann');
    await lanes[1].read('probe', RUN);
    await lanes[1].run('change', RUN);
    await lanes[1].run('second', RUN);
    expect(asked).toEqual(['lock: ok', 'probe', 'join: ok', 'change', 'second']);
  });

  it('on a further shell is not sent if the lock is lost', async () => {
    const { lanes, connections, asked } = await aRun({ join: () => ({ ok: false, holder: 'bob' }) });
    await connections.lock([host], 'ann');
    await expect(lanes[1].run('change', RUN)).rejects.toBeInstanceOf(ConnectionDropped);
    expect(scripts(asked)).toEqual([]);
  });

  it('that is cut off on a further shell reopens the whole connection: only the lock proves that its script has ended', async () => {
    const { lanes, connections, asked } = await aRun();
    await connections.lock([host], 'ann');
    await lanes[1].run('warm up', RUN);
    await (await connections.to(host).shell(1)).close();
    await expect(lanes[1].run('change', RUN)).rejects.toBeInstanceOf(ConnectionDropped);
    expect(asked.filter((entry) => entry === 'lock: ok')).toHaveLength(2);
  });

  it('on a host whose lock was never requested is a defect', async () => {
    const { lanes, connections, asked } = await aRun();
    await connections.lock([], 'ann');
    await expect(lanes[0].run('change', RUN)).rejects.toThrow('the lock of controller1 was not taken');
    expect(asked).toEqual([]);
  });
});

describe('the owner of a lock', () => {
  it('is unique for each run, even of one user on one machine, and is shown by its name', async () => {
    const owners: string[] = [];
    const lock: Locking = (owner) => {
      owners.push(owner);
      return owners.length === 1 ? { ok: true } : { ok: false, holder: owners[0] ?? '' };
    };
    const [first, second] = [await aRun({ lock }), await aRun({ lock })];
    expect(await first.connections.lock([host], 'ann on laptop')).toEqual([]);
    expect(await second.connections.lock([host], 'ann on laptop')).toEqual([
      { host: host.name, holder: 'ann on laptop' },
    ]);
    expect(new Set(owners).size).toBe(2);
  });
});

describe('a lock request that fails', () => {
  it('because the connection dropped is repeated once on a new connection', async () => {
    let times = 0;
    const lock: Locking = () => ((times += 1) === 1 ? new ConnectionDropped('reset') : { ok: true });
    const { connections, lanes, asked } = await aRun({ lock });
    expect(await connections.lock([host], 'ann')).toEqual([]);
    await lanes[0].run('change', RUN);
    expect(asked).toEqual(['lock: ConnectionDropped', 'lock: ok', 'change']);
  });

  it('for lack of space excludes the host, with the reason', async () => {
    const lock: Locking = () => new LockFailed('there is no room for /run/osha.lock');
    const { connections, events } = await aRun({ lock });
    expect(await connections.lock([host], 'ann')).toEqual([]);
    expect(events.at(-1)).toMatchObject({
      event: 'unreachable',
      message: 'cannot take its lock: there is no room for /run/osha.lock',
    });
    expect(connections.of(host.name).ok).toBe(false);
  });
});

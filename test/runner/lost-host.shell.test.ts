import { describe, expect } from 'vitest';
import { ConnectError, ConnectionDropped, LockFailed, ScriptTimeout } from '../../src/transport/errors.ts';
import type { HealthCheck } from '../../src/playbook/operation.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import type { Session, Transport } from '../../src/transport/session.ts';
import type { LocalHosts } from '../support/local-hosts.ts';
import { run } from '../support/run.ts';
import { files, it } from './it.ts';

const LOST = 'controller2';

/** Hosts of which one does something else than answer. */
function withTrouble(
  hosts: LocalHosts,
  trouble: {
    readonly connect?: (before: number) => Error | undefined;
    readonly lock?: (before: number) => Error | undefined;
  },
): LocalHosts {
  let connected = 0;
  let locked = 0;
  const connect: Transport['connect'] = async (host) => {
    const session = await hosts.connect(host);
    if (host.name !== LOST) return session;
    const error = trouble.connect?.(connected++);
    if (error) throw error;
    const lock: Session['lock'] = () => {
      const failure = trouble.lock?.(locked++);
      return failure ? Promise.reject(failure) : Promise.resolve({ ok: true });
    };
    return { ...session, lock };
  };
  return new Proxy(hosts, {
    get: (target, name) => (name === 'connect' ? connect : Reflect.get(target, name, target)) as unknown,
  });
}

/** A session's answers that end as the table says. */
interface Case {
  readonly what: string;
  readonly error: Error;
  readonly message: string;
}

const dropped = new ConnectionDropped('the host closed it');

describe('a host that is lost between its login and its lock', () => {
  it.for<Case>([
    { what: 'drops twice', error: dropped, message: 'the connection dropped: the host closed it' },
    {
      what: 'hangs',
      error: new ScriptTimeout(120_000, '', ''),
      message: 'logged in, but timed out after 120 s waiting for an answer',
    },
    {
      what: 'has a full /run',
      error: new LockFailed('there is no room for /run/osha.lock'),
      message: 'cannot take its lock: there is no room for /run/osha.lock',
    },
    {
      what: 'gives no shell any more',
      error: new ConnectError('no-shell', 'it gave no shell', 'see its sshd'),
      message: 'it gave no shell',
    },
    {
      what: 'does something unheard of',
      error: new TypeError('x is no function'),
      message: 'x is no function',
    },
  ])('is unreachable where it $what; the others are deployed', async ({ error, message }, { hosts }) => {
    const { summary, events, outcomes } = await run(withTrouble(hosts, { lock: () => error }), [files]);
    expect(summary).toMatchObject({ unreachable: 1, changes: 6, failed: 0, interrupted: false });
    expect(events.find((event) => event.event === 'unreachable')).toMatchObject({ host: LOST, message });
    expect(outcomes.filter((line) => line.startsWith(LOST))).toEqual([
      `${LOST} write-a skipped`,
      `${LOST} write-b skipped`,
    ]);
    expect(hosts.sent.some((line) => line.startsWith(LOST))).toBe(false);
    expect(events.at(-1)).toEqual(summary);
  });

  it('takes part if it dropped only once', async ({ hosts }) => {
    const once = withTrouble(hosts, { lock: (before) => (before === 0 ? dropped : undefined) });
    const { summary } = await run(once, [files]);
    expect(summary).toMatchObject({ unreachable: 0, changes: 9, failed: 0 });
  });

  it('is unreachable if connecting ends in an unknown error', async ({ hosts }) => {
    const broken = withTrouble(hosts, { connect: () => new RangeError('bad packet length') });
    const { summary, events } = await run(broken, [files]);
    expect(summary).toMatchObject({ unreachable: 1, changes: 6 });
    expect(events.find((event) => event.event === 'unreachable')).toMatchObject({
      host: LOST,
      message: 'bad packet length',
    });
  });
});

describe('a host that is lost in the middle of a run', () => {
  it('and cannot be reached again counts as unreachable', async ({ hosts }) => {
    const gone = withTrouble(hosts, {
      connect: (before) =>
        before === 0 ? undefined : new ConnectError('unreachable', 'connection refused', 'is sshd running?'),
    });
    hosts.dropAfter(LOST, (script) => script.includes('cat > a'));
    const { summary, events } = await run(gone, [files]);
    expect(summary).toMatchObject({ unreachable: 1, failed: 1, changes: 7 });
    expect(events.filter((event) => event.event === 'unreachable')).toMatchObject([
      { host: LOST, message: 'connection refused', hint: 'is sshd running?' },
    ]);
  });

  it('to another run refuses the rest of its changes', async ({ hosts }) => {
    hosts.dropAfter(LOST, (script) => {
      const drops = script.includes('cat > a');
      if (drops) hosts.lockBy(LOST, 'ops on elsewhere');
      return drops;
    });
    const { summary, events } = await run(hosts, [files]);
    expect(summary.refused).toBe(
      `${LOST}: its connection dropped, and now another run holds its lock: ops on elsewhere`,
    );
    expect(events.filter((event) => event.event === 'rejected')).toMatchObject([{ host: LOST }]);
  });
});

describe('a run always ends with a summary', () => {
  const broken: HealthCheck = {
    scope: 'health',
    title: 'Gate',
    members: [],
    probe: () => ({ script: 'true', reads: [], parse: () => undefined }),
    judge: () => {
      throw new Error('a defect');
    },
  };

  it('even after a defect of osha, and marks itself as interrupted', async ({ hosts }) => {
    const events: RunEvent[] = [];
    const running = run(hosts, [files], { gate: broken, emit: (event) => events.push(event) });
    await expect(running).rejects.toThrow('a defect');
    expect(events.at(-1)).toMatchObject({ event: 'summary', interrupted: true });
    expect(hosts.sent).toEqual([]);
  });

  it('even if interrupted while connecting, and reports no host as unreachable', async ({ hosts }) => {
    const stop = new AbortController();
    const interrupting = withTrouble(hosts, {
      connect: () => {
        stop.abort(new Error('interrupted'));
        return stop.signal.reason as Error;
      },
    });
    const { summary, events } = await run(interrupting, [files], { signal: stop.signal });
    expect(summary).toMatchObject({ interrupted: true, unreachable: 0, changes: 0 });
    expect(events.filter((event) => event.event === 'unreachable')).toEqual([]);
  });

  it('even if interrupted while the hosts are checked before the first change', async ({ hosts }) => {
    const stop = new AbortController();
    const gate: HealthCheck = {
      ...broken,
      judge: () => {
        stop.abort(new Error('interrupted'));
        throw stop.signal.reason as Error;
      },
    };
    const { summary } = await run(hosts, [files], { signal: stop.signal, gate });
    expect(summary).toMatchObject({ interrupted: true, changes: 0 });
  });
});

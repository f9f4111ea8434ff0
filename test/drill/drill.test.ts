import { setImmediate as soon } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { drill, type DrillOptions, type DrillSummary } from '../../src/drill/drill.ts';
import { DrillError } from '../../src/drill/errors.ts';
import { START_OF_HOST } from '../../src/drill/take-away.ts';
import type { Host } from '../../src/inventory/types.ts';
import type { DrillWrites } from '../../src/playbook/drill.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import type { HealthReport } from '../../src/runner/health.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { ConnectError } from '../../src/transport/errors.ts';
import type { RunOptions, ScriptResult, Session } from '../../src/transport/session.ts';
import { aHost } from '../support/inventory.ts';

const [VICTIM, ...OTHERS] = [aHost('c1'), aHost('c2'), aHost('c3')] as const;
const HEALTHY: HealthReport = { systems: [], unreachable: [], healthy: true };

interface World {
  /** What the hosts' services answer: `SERVICE START TOOK ANSWERED`. */
  before: string;
  after: string;
  /** What the writers print. */
  writes: string;
  /** The rows of each member at the end. */
  rows: string;
  /** What went on, in order. */
  readonly happened: string[];
  starts: number;
  readonly watching: Set<(text: string) => void>;
}

/** Fake hosts: measuring scripts run until they are aborted, others answer at once. */
function connectTo(world: World): DrillOptions['connect'] {
  const run = async (host: Host, script: string, options: RunOptions): Promise<ScriptResult> => {
    const ended = (stdout: string): ScriptResult => ({ stdout, stderr: '', exitCode: 0, durationMs: 1 });
    if (script === START_OF_HOST) return ended(`${host.name} ${world.starts}`);
    if (!script.includes('python3 -c') && !script.includes('while :')) {
      world.happened.push(`${script} on ${host.name}`);
      return ended(script === 'list' ? world.rows : '');
    }
    const print = (text: string): void => options.onOutput?.('stdout', text);
    print(script.includes('python3') ? world.before : world.writes);
    if (script.includes('python3')) world.watching.add(print);
    await new Promise<void>((aborted) => {
      options.signal?.addEventListener('abort', () => aborted(), { once: true });
    });
    world.happened.push(`stopped measuring on ${host.name}`);
    throw options.signal?.reason as Error;
  };
  return (host) => {
    const session = {
      host,
      run: (script: string, options: RunOptions) => run(host, script, options),
      close: () => Promise.resolve(),
    };
    return Promise.resolve(session as unknown as Session);
  };
}

const WRITES: DrillWrites = {
  what: 'rows',
  container: 'the table',
  members: [VICTIM, ...OTHERS],
  writers: [VICTIM, ...OTHERS],
  prepare: () => ({ script: 'prepare' }),
  write: () => ({ script: 'write' }),
  list: { script: 'list' },
  remove: { script: 'remove' },
};

/** Carries out a drill in a world of fakes. */
async function drilled(
  change: Partial<World> & { readonly options?: (world: World) => Partial<DrillOptions> } = {},
): Promise<{ readonly summary: DrillSummary; readonly world: World; readonly events: readonly RunEvent[] }> {
  const { options, ...own } = change;
  const world: World = {
    before: '0 0 5 1\n0 250 5 1\n',
    after: '0 500 9 0\n0 750 5 1\n',
    writes: '1 0 5 1\n',
    rows: 'c2 1\nc3 1\n',
    happened: [],
    starts: 1,
    watching: new Set(),
    ...own,
  };
  const events: RunEvent[] = [];
  const summary = await drill({
    victim: VICTIM,
    way: { kind: 'commands', stop: 'echo stopped', start: 'echo started', cwd: '/' },
    observers: OTHERS,
    services: [{ name: 'api', address: '192.0.2.20', port: 80, proof: { kind: 'connection' } }],
    writes: [WRITES],
    password: new Secret('drill', 'hush'),
    everyMs: 250,
    awayMs: 1000,
    withinMs: 60_000,
    timeoutMs: 60_000,
    connect: connectTo(world),
    health: () => {
      for (const print of world.watching) print(world.after);
      return Promise.resolve(HEALTHY);
    },
    whyNeeded: () => Promise.resolve(undefined),
    runLocally: (command) => {
      world.happened.push(command);
      if (command === 'echo started') world.starts += 1;
      return Promise.resolve();
    },
    env: {},
    begun: new Set(),
    command: 'osha drill',
    inventory: 'inventory.yaml',
    signal: new AbortController().signal,
    emit: (event) => events.push(event),
    pause: async (_, signal) => {
      await soon();
      signal.throwIfAborted();
    },
    ...options?.(world),
  });
  return { summary, world, events };
}

const outcomes = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) => (event.event === 'step-finished' ? [`${event.step} ${event.outcome}`] : []));

it('measures, takes the host away, starts it, counts, and removes what it wrote', async () => {
  const { summary, world, events } = await drilled();
  expect(outcomes(events)).toEqual(
    ['prepare', 'before', 'stop', 'start', 'back', 'healthy', 'count', 'report', 'cleanup'].map(
      (step) => `${step} ok`,
    ),
  );
  expect(summary).toMatchObject({ failed: 0, interrupted: false });
  expect(world.happened.filter((one) => !one.startsWith('stopped'))).toEqual([
    'prepare on c2',
    'echo stopped',
    'echo started',
    'list on c1',
    'list on c2',
    'list on c3',
    'remove on c2',
  ]);
  expect(events.find((event) => event.event === 'measured')).toMatchObject({
    service: 'api',
    samples: 4,
    failed: 1,
    longestOutageMs: 255,
  });
});

it('fails where an acknowledged entry is missing', async () => {
  const { summary, events } = await drilled({ rows: 'c2 1\n' });
  expect(summary.failed).toBe(1);
  expect(events.find((event) => event.event === 'acknowledged')).toMatchObject({
    acknowledged: 2,
    lost: { c1: 1, c2: 1, c3: 1 },
  });
});

it('fails where an outage was longer than allowed, or is not over', async () => {
  const late = await drilled({ options: () => ({ maxDowntimeMs: 200 }) });
  expect(outcomes(late.events)).toContain('report failed');
  const open = await drilled({ after: '0 500 9 0\n' });
  expect(outcomes(open.events)).toContain('report failed');
});

it('refuses what does not answer before anything happens, and stops nothing', async () => {
  const { summary, world, events } = await drilled({ before: '0 0 5 0\n0 250 5 0\n' });
  expect(summary.refused).toContain('api: no answer on c2');
  expect(outcomes(events)).toEqual(['prepare ok', 'before refused', 'cleanup ok']);
  expect(world.happened).not.toContain('echo stopped');
});

it('refuses where a system needs the host by now', async () => {
  const { summary, world } = await drilled({
    options: () => ({ whyNeeded: () => Promise.resolve('Galera: 1 of 3 votes remain') }),
  });
  expect(summary.refused).toContain('1 of 3 votes');
  expect(world.happened).not.toContain('echo stopped');
  expect(world.happened.at(-1)).toBe('remove on c2');
});

it('starts the host, ends the measurements and removes what it wrote when it is interrupted', async () => {
  const user = new AbortController();
  const { summary, world, events } = await drilled({
    options: (own) => ({
      signal: user.signal,
      runLocally: (command) => {
        own.happened.push(command);
        if (command === 'echo stopped') user.abort(new Error('interrupted'));
        return Promise.resolve();
      },
    }),
  });
  expect(summary.interrupted).toBe(true);
  expect(outcomes(events)).toEqual(['prepare ok', 'before ok', 'stop ok', 'start ok', 'cleanup ok']);
  expect(world.happened.slice(-5).toSorted()).toContain('stopped measuring on c3');
  expect(world.happened.at(-1)).toBe('remove on c2');
});

it('starts a host that a failed command left down, and still waits for it and reports', async () => {
  const { world, events, summary } = await drilled({
    options: (own) => {
      const connect = connectTo(own);
      let isDown = false;
      return {
        connect: (host, signal) =>
          isDown && host === VICTIM
            ? Promise.reject(new ConnectError('unreachable', 'no answer', 'is it up?'))
            : connect(host, signal),
        runLocally: (command) => {
          own.happened.push(command);
          isDown = command === 'echo stopped';
          if (isDown) return Promise.reject(new DrillError('exited with 1'));
          own.starts += 1;
          return Promise.resolve();
        },
      };
    },
  });
  expect(outcomes(events).slice(2)).toEqual([
    'stop failed',
    ...['start ok', 'back ok', 'healthy ok', 'count ok', 'report ok', 'cleanup ok'],
  ]);
  expect(world.happened).toContain('echo started');
  expect(summary.failed).toBe(1);
});

it('starts nothing where the command that stops the host failed and the host is still up', async () => {
  const begun = new Set<string>();
  const { world, events } = await drilled({
    options: (own) => ({
      begun,
      runLocally: (command) => {
        own.happened.push(command);
        return Promise.reject(new DrillError('exited with 1'));
      },
    }),
  });
  expect(outcomes(events).slice(2)).toEqual(['stop failed', 'start skipped', 'cleanup ok']);
  expect(world.happened).not.toContain('echo started');
  expect([...begun]).toEqual([]);
});

it('gives the command to paste where the host could not be started', async () => {
  const begun = new Set<string>();
  const start = `virsh start '$OSHA_HOST'`;
  const { events } = await drilled({
    options: (own) => ({
      begun,
      way: { kind: 'commands', stop: 'echo stopped', start, cwd: '/my site' },
      runLocally: (command) => {
        if (command !== start) return Promise.resolve();
        // Somebody starts it by hand.
        own.starts += 1;
        return Promise.reject(new DrillError('exited with 1'));
      },
    }),
  });
  const hint = `cd '/my site' && OSHA_HOST=c1 sh -c 'virsh start '\\''$OSHA_HOST'\\'''`;
  const failed = events.find((event) => event.event === 'step-finished' && event.step === 'start');
  expect(failed).toMatchObject({ outcome: 'failed', failure: { message: 'exited with 1', hint } });
  expect([...begun]).toEqual([`c1 may be stopped; start it with: ${hint}`]);
});

it('does not count as an outage that the account of a writer was not known everywhere at first', async () => {
  const { events } = await drilled({ writes: '1 0 5 0\n2 250 5 0\n3 500 5 1\n', rows: 'c2 3\nc3 3\n' });
  const writes = events.filter((event) => event.event === 'measured' && event.service.startsWith('writes'));
  expect(writes).toMatchObject([
    { samples: 1, failed: 0, longestOutageMs: 0 },
    { samples: 1, failed: 0, longestOutageMs: 0 },
  ]);
});

it('does not report measurements where there is nothing to measure', async () => {
  const { events, summary } = await drilled({ options: () => ({ services: [], writes: [] }) });
  expect(outcomes(events)).toEqual([
    ...['prepare skipped', 'before ok', 'stop ok', 'start ok', 'back ok', 'healthy ok'],
    ...['count skipped', 'report skipped', 'cleanup skipped'],
  ]);
  expect(summary.failed).toBe(0);
});

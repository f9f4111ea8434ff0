import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { ProbeError, type Operation, type Probe } from '../../src/playbook/operation.ts';
import { step, verify } from '../../src/playbook/step.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import type { LocalHosts } from '../support/local-hosts.ts';
import { allJoined, healthy, written } from '../support/operations.ts';
import { aPlaybook, run } from '../support/run.ts';
import { files, it } from './it.ts';
import { exitCodeOf } from '../../src/cli/io.ts';

const ALL = ['controller1', 'controller2', 'controller3'];

function put(hosts: LocalHosts, host: string, path: string, content: string): void {
  mkdirSync(hosts.disk(host), { recursive: true });
  writeFileSync(join(hosts.disk(host), path), content);
}

function makeHealthy(hosts: LocalHosts, ...names: readonly string[]): void {
  for (const name of names) put(hosts, name, 'healthy', '');
}

describe('a diff', () => {
  it('announces what would change, and changes nothing', async ({ hosts }) => {
    const { summary, events } = await run(hosts, [files], { mode: 'diff' });
    expect(summary.changes).toBe(9);
    const changes = events.filter((event) => event.event === 'change');
    expect(changes).toHaveLength(9);
    expect(changes.every((change) => !change.applied)).toBe(true);
    expect(existsSync(join(hosts.disk('controller1'), 'a'))).toBe(false);
  });

  it('does not guess what depends on an earlier pending change', async ({ hosts }) => {
    const book = aPlaybook('p', (members) => [
      step('Write a', written('a', 'A')),
      step('Write b', written('b', 'B', ['file:a'])),
      step('Write c', written('c', 'C', ['file:b'])),
      step('Join', allJoined(members)),
      verify('Healthy', healthy(members)),
    ]);
    const { outcomes } = await run(hosts, [book], { mode: 'diff' });
    expect(outcomes.filter((outcome) => outcome.startsWith('controller1'))).toEqual([
      'controller1 write-a would-change',
      'controller1 write-b unknown',
      'controller1 write-c unknown',
      'controller1 join would-change',
      'controller1 healthy verified-later',
    ]);
  });

  it('fails an unhealthy verification when no pending change could mend it, and ends with 1', async ({
    hosts,
  }) => {
    makeHealthy(hosts, 'controller1', 'controller3');
    const book = aPlaybook('p', (members) => [
      verify('Healthy', healthy(members), { within: 90_000 }),
      step('After', written('a', 'A')),
    ]);
    const { summary, events, outcomes } = await run(hosts, [book], { mode: 'diff' });
    expect(outcomes.filter((outcome) => outcome.includes('healthy'))).toEqual([
      'controller1 healthy skipped',
      'controller2 healthy failed',
      'controller3 healthy skipped',
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({
        event: 'host-finished',
        host: 'controller2',
        failure: {
          message:
            'verification failed: All healthy; no pending change may mend it, and deploy would wait 90 s for it',
          output: 'controller2: health: false',
        },
      }),
    );
    expect(summary.failed).toBe(1);
    expect(exitCodeOf(summary)).toBe(1);
  });

  it('defers a verification that is unhealthy now to after the pending changes, and shows its findings', async ({
    hosts,
  }) => {
    makeHealthy(hosts, 'controller1', 'controller3');
    const book = aPlaybook('p', (members) => [
      step('Write', written('a', 'A'), { hosts: members.slice(0, 1) }),
      verify('Healthy', healthy(members)),
    ]);
    const { summary, events, outcomes } = await run(hosts, [book], { mode: 'diff' });
    expect(outcomes.filter((outcome) => outcome.includes('healthy'))).toEqual(
      ALL.map((host) => `${host} healthy verified-later`),
    );
    expect(events.find((event) => event.event === 'findings')?.findings).toContainEqual(
      expect.objectContaining({ host: 'controller2', healthy: false }),
    );
    expect(exitCodeOf(summary)).toBe(0);
    expect(exitCodeOf(summary, { pendingIsError: true })).toBe(3);
  });

  it('fails a verification also after a phase with nothing to do', async ({ hosts }) => {
    const verifying = aPlaybook('v', (members) => [verify('Healthy', healthy(members))]);
    const { summary } = await run(hosts, [aPlaybook('empty', () => []), verifying], { mode: 'diff' });
    expect(summary.failed).toBe(3);
  });

  it('blames no host of the selection for a member that --limit leaves out', async ({ hosts }) => {
    makeHealthy(hosts, 'controller1');
    const book = aPlaybook('p', (members) => [verify('Healthy', healthy(members))]);
    const { summary, events, outcomes } = await run(hosts, [book], {
      mode: 'diff',
      selection: { limit: ['controller1'] },
    });
    expect(outcomes).toEqual(['controller1 healthy ok']);
    expect(summary.failed).toBe(0);
    expect(events.filter((event) => event.event === 'warning')).toMatchObject([
      { message: 'Healthy: not healthy, because of a member that --limit excludes' },
    ]);
  });

  const following = (events: readonly RunEvent[]): readonly string[] =>
    events.flatMap((event) => {
      if (event.event === 'change') return [`${event.host} ${event.summary}`];
      return event.event === 'may-follow' ? [`${event.host} ? ${event.operation}: ${event.because}`] : [];
    });

  it('names what may follow in the same step, and nothing for operations that do not depend on it', async ({
    hosts,
  }) => {
    const book = aPlaybook('p', ([first]) => [
      step('Configure', [written('conf', 'C'), written('state', 'S', ['file:conf']), written('own', 'O')], {
        hosts: first ? [first] : [],
      }),
    ]);
    const { events, outcomes } = await run(hosts, [book], { mode: 'diff' });
    expect(following(events)).toEqual([
      'controller1 write conf',
      'controller1 ? write state: file:conf',
      'controller1 write own',
    ]);
    expect(outcomes).toEqual(['controller1 configure would-change']);
  });

  /** A service that restarts once `conf` has changed. */
  const restarted = (foresee: Probe<string>['foresee']): Operation<string> => ({
    scope: 'host',
    title: 'app',
    probe: {
      script: 'echo older',
      reads: ['file:conf'],
      parse: ({ stdout }) => stdout.trim(),
      ...(foresee ? { foresee } : {}),
    },
    decide: (state) =>
      state === 'newer' ? [{ summary: 'restart app', script: 'true', touches: ['unit:app' as const] }] : [],
  });

  it.for<[string, readonly Operation<string>[], readonly string[]]>([
    [
      'is announced where its probe foresees it',
      [written('conf', 'C'), restarted((state, pending) => (pending.has('file:conf') ? 'newer' : state))],
      ['write conf', 'restart app'],
    ],
    [
      'that a probe foresees to be nothing is left out',
      [written('conf', 'C'), restarted((state) => state)],
      ['write conf'],
    ],
    [
      'may only happen where the probe cannot foresee it',
      [written('conf', 'C'), restarted(() => undefined)],
      ['write conf', '? app: file:conf'],
    ],
    [
      'may only happen where the probe has no answer before',
      [
        written('conf', 'C'),
        restarted(() => {
          throw new ProbeError('no such program');
        }),
      ],
      ['write conf', '? app: file:conf'],
    ],
    [
      'may only happen where what it depends on may only change',
      [written('first', '1'), written('conf', 'C', ['file:first']), restarted(() => 'newer')],
      ['write first', '? write conf: file:first', '? app: file:conf'],
    ],
  ])('what follows %s', async ([, operations, expected], { hosts }) => {
    const book = aPlaybook('p', ([first]) => [
      step('Configure', operations, { hosts: first ? [first] : [] }),
    ]);
    const { events } = await run(hosts, [book], { mode: 'diff' });
    expect(following(events)).toEqual(expected.map((words) => `controller1 ${words}`));
  });

  it('names a cluster operation that may follow on every host', async ({ hosts }) => {
    const book = aPlaybook('p', (members) => [
      step('Write', written('a', 'A')),
      step('Join', { ...allJoined(members), probe: () => written('b', 'B', ['file:a']).probe }),
    ]);
    const { events, outcomes } = await run(hosts, [book], { mode: 'diff' });
    expect(following(events).filter((words) => words.includes('?'))).toEqual(
      ALL.map((host) => `${host} ? Join all members: file:a`),
    );
    expect(outcomes.slice(3)).toEqual(ALL.map((host) => `${host} join unknown`));
  });

  it('announces all that a cluster needs, and that a further decision may follow', async ({ hosts }) => {
    for (const host of ALL.slice(1)) put(hosts, host, 'member', 'joined');
    const compared = async (then?: string): Promise<readonly string[]> => {
      const book = aPlaybook('p', (members) => {
        const joined = allJoined(members);
        const decide: typeof joined.decide = (answers) => {
          const decision = joined.decide(answers);
          return decision.verdict === 'change' && then !== undefined ? { ...decision, then } : decision;
        };
        return [step('Join', { ...joined, decide })];
      });
      const { events, outcomes } = await run(hosts, [book], { mode: 'diff' });
      return [...following(events), ...outcomes];
    };
    expect(await compared()).toEqual([
      'controller1 join',
      'controller1 join would-change',
      'controller2 join ok',
      'controller3 join ok',
    ]);
    expect(await compared('which member has the newest data')).toEqual([
      'controller1 join',
      ...ALL.map((host) => `${host} ? Join all members: cluster:test`),
      'controller1 join would-change',
      'controller2 join unknown',
      'controller3 join unknown',
    ]);
  });

  it('asks another host about shared state when the first host cannot answer yet', async ({ hosts }) => {
    put(hosts, 'controller2', 'account', 'there');
    const account = (name: string): Operation<string> => ({
      scope: 'host',
      title: `account on ${name}`,
      probe: {
        script: 'cat account 2>/dev/null || echo none',
        reads: ['unit:broker'],
        parse: ({ stdout }) => stdout.trim(),
        foresee: () => undefined,
      },
      decide: (state) =>
        state === 'there'
          ? []
          : [{ summary: `create account`, script: 'true', touches: ['cluster:test/account'] }],
    });
    const started: Operation<string> = { ...written('unit', 'running'), title: 'start' };
    const book = aPlaybook('p', ([first, ...others]) => [
      step(
        'Start',
        {
          ...started,
          decide: (state: string) =>
            started.decide(state).map((change) => ({ ...change, touches: ['unit:broker' as const] })),
        },
        { hosts: first ? [first] : [] },
      ),
      step('Account', (host) => account(host.name), {
        hosts: [first, ...others].flatMap((host) => host ?? []),
        once: true,
      }),
    ]);
    const { events } = await run(hosts, [book], { mode: 'diff' });
    expect(following(events)).toEqual(['controller1 write unit']);
  });

  it('announces no cluster change on a host that --limit leaves out', async ({ hosts }) => {
    const book = aPlaybook('p', (members) => [step('Join', allJoined(members))]);
    const selection = { limit: ['controller1', 'controller3'] };
    const compared = await run(hosts, [book], { mode: 'diff', selection });
    const deployed = await run(hosts, [book], { selection });
    expect(following(compared.events)).toEqual(['controller1 join']);
    expect(following(deployed.events)).toEqual(['controller1 join']);
    expect(compared.outcomes).toEqual(['controller1 join would-change', 'controller3 join deferred']);
  });

  it('matches changed files with directories that a probe reads as a whole', async ({ hosts }) => {
    const book = aPlaybook('p', ([first]) => [
      step('Configure', [written('conf.d/a', 'A'), written('state', 'S', ['file:conf.d/'])], {
        hosts: first ? [first] : [],
      }),
    ]);
    const { events } = await run(hosts, [book], { mode: 'diff' });
    expect(following(events)).toEqual([
      'controller1 write conf.d/a',
      'controller1 ? write state: file:conf.d/a',
    ]);
  });

  it('needs no lock', async ({ hosts }) => {
    hosts.lockBy('controller2', 'ops@elsewhere');
    const { summary } = await run(hosts, [files], { mode: 'diff' });
    expect(summary.refused).toBeUndefined();
  });
});

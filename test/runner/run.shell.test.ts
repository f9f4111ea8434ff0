import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { probeTimeoutMs } from '../../src/playbook/limits.ts';
import { step, verify } from '../../src/playbook/step.ts';
import type { LocalHosts } from '../support/local-hosts.ts';
import { allJoined, empty, failing, healthy, written } from '../support/operations.ts';
import { aPlaybook, run } from '../support/run.ts';
import { files, it } from './it.ts';

function put(hosts: LocalHosts, host: string, path: string, content: string): void {
  mkdirSync(hosts.disk(host), { recursive: true });
  writeFileSync(join(hosts.disk(host), path), content);
}

function read(hosts: LocalHosts, host: string, path: string): string {
  return readFileSync(join(hosts.disk(host), path), 'utf8');
}

describe('a run', () => {
  it('changes every host, and verifies it', async ({ hosts }) => {
    const { summary } = await run(hosts, [files]);
    expect(summary).toMatchObject({ ok: 0, changes: 9, failed: 0, unreachable: 0 });
    for (const host of ['controller1', 'controller2', 'controller3'])
      expect(read(hosts, host, 'c')).toBe('C');
  });

  it('has nothing to do the second time, in one round trip per phase and host', async ({ hosts }) => {
    await run(hosts, [files]);
    const { summary, events } = await run(hosts, [
      files,
      aPlaybook('more', () => [step('Write a', written('a', 'A'))]),
    ]);
    expect(summary).toMatchObject({ ok: 9, changes: 0 });
    const counts = events.flatMap((event) =>
      event.event === 'phase-finished' ? [[event.phase, ...Object.values(event.roundTrips)]] : [],
    );
    expect(counts).toEqual([
      ['files', 1, 1, 1],
      ['more', 1, 1, 1],
    ]);
  });

  it('stretches the limits within scripts, and of changes that set their own, by a longer --timeout', async ({
    hosts,
  }) => {
    const limits: number[] = [];
    const book = aPlaybook('p', () => [
      step('Look', {
        scope: 'host',
        title: 'limits',
        probe: {
          script: 'echo "$OSHA_TIMEOUT"; cat "$DISK/limit" 2>/dev/null || :',
          reads: [],
          parse: ({ stdout }) => {
            limits.push(...stdout.trim().split('\n').map(Number));
            return limits.length;
          },
        },
        decide: (count: number) =>
          count > 1
            ? []
            : [
                {
                  summary: 'note it',
                  script: 'sleep 0.2; echo "$OSHA_TIMEOUT" >"$DISK/limit"',
                  touches: [],
                  timeoutMs: 100,
                },
              ],
      }),
    ]);
    const { summary } = await run(hosts, [book], {
      timeoutMs: 90_000_000,
      probeTimeoutMs: probeTimeoutMs(90_000_000),
      selection: { limit: ['controller1'] },
    });
    expect(summary).toMatchObject({ changes: 1, failed: 0 });
    expect(limits).toEqual([90_000, 90_000, 90_000]);
  });

  it('fails a change that exited with 0 and had no effect', async ({ hosts }) => {
    const { summary, events } = await run(hosts, [
      aPlaybook('p', () => [step('Pretend', empty('a'), { once: true })]),
    ]);
    expect(summary.failed).toBe(1);
    const failure = events.find((event) => event.event === 'host-finished');
    expect(failure?.failure?.message).toMatch(/not converged after apply; still pending: write a$/);
  });

  it('emits the beginning of a change before it is sent, and how it ended', async ({ hosts }) => {
    const book = aPlaybook('p', ([first]) => [
      step('Work', [written('a', 'A'), failing('no')], { hosts: first ? [first] : [] }),
    ]);
    const sentBefore: boolean[] = [];
    const { events } = await run(hosts, [book], {
      emit: ({ event }) => {
        if (event === 'change') sentBefore.push(hosts.sent.some((script) => script.includes('cat > a')));
      },
    });
    expect(sentBefore).toEqual([false, true]);
    expect(
      events.flatMap((event) => {
        if (event.event === 'change') return [`begin ${event.summary}`];
        return event.event === 'change-finished' ? [`end ${event.summary}, done: ${event.done}`] : [];
      }),
    ).toEqual(['begin write a', 'end write a, done: true', 'begin fail', 'end fail, done: false']);
  });

  it('continues without a failed host, and shows the output of its command', async ({ hosts }) => {
    const book = aPlaybook('p', () => [
      step('Break one', (host) => (host.name === 'controller2' ? failing('disk full') : written('a', 'A'))),
      step('Write b', written('b', 'B')),
    ]);
    const { outcomes, events, summary } = await run(hosts, [book]);
    expect(outcomes).toContain('controller2 write-b skipped');
    expect(outcomes).toContain('controller3 write-b changed');
    expect(summary.hosts['controller2']).toMatchObject({ failed: 1, skipped: 1 });
    const failure = events.find((event) => event.event === 'host-finished' && event.outcome === 'failed');
    expect(failure).toMatchObject({
      failure: { message: expect.stringContaining('ended with 7') as string, output: 'disk full' },
    });
  });

  it('reports an unreachable host, and deploys the others', async ({ hosts }) => {
    hosts.takeDown('controller3');
    const { summary, events } = await run(hosts, [files]);
    expect(summary.unreachable).toBe(1);
    expect(summary.hosts['controller3']).toMatchObject({ unreachable: true, changes: 0, failed: 0 });
    expect(read(hosts, 'controller1', 'c')).toBe('C');
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'unreachable', host: 'controller3', hint: 'is sshd running?' }),
    );
  });

  it('changes nothing while another run holds a host’s lock', async ({ hosts }) => {
    hosts.lockBy('controller2', 'ops@elsewhere');
    const { summary } = await run(hosts, [files]);
    expect(summary.refused).toMatch(/controller2 is held by ops@elsewhere/);
    expect(existsSync(hosts.disk('controller1'))).toBe(false);
  });

  it('stops at once when interrupted, and reports it', async ({ hosts }) => {
    const controller = new AbortController();
    const slow = {
      ...written('slow', 'x'),
      decide: () => [{ summary: 'wait', script: 'sleep 30', touches: [] }],
    };
    const ends: string[] = [];
    const { summary, outcomes } = await run(
      hosts,
      [aPlaybook('p', () => [step('Wait', slow), step('Write', written('a', 'A'))])],
      {
        signal: controller.signal,
        emit: (event) => {
          if (event.event === 'change') controller.abort(new Error('interrupted'));
          if (event.event === 'phase-finished') ends.push(event.outcome);
        },
      },
    );
    expect(summary.interrupted).toBe(true);
    expect(ends).toEqual(['interrupted']);
    expect(outcomes.filter((outcome) => outcome.includes('write'))).toEqual([]);
    expect(summary.durationMs).toBeLessThan(5000);
  });
});

describe('strategies', () => {
  it('once: on the first host that is up', async ({ hosts }) => {
    hosts.takeDown('controller1');
    await run(hosts, [aPlaybook('p', () => [step('Write', written('a', 'A'), { once: true })])]);
    expect(read(hosts, 'controller2', 'a')).toBe('A');
    expect(existsSync(join(hosts.disk('controller3'), 'a'))).toBe(false);
  });

  it('one at a time: a failed host leaves the others unchanged, and stops its phase', async ({ hosts }) => {
    const book = aPlaybook('p', () => [
      step('Roll', (host) => (host.name === 'controller2' ? failing('no') : written('a', 'A')), {
        oneAtATime: true,
      }),
      step('After', written('b', 'B')),
    ]);
    const { outcomes } = await run(hosts, [book]);
    expect(outcomes).toEqual([
      'controller1 roll changed',
      'controller2 roll failed',
      'controller3 roll skipped',
      'controller1 after skipped',
      'controller2 after skipped',
      'controller3 after skipped',
    ]);
  });

  it('one at a time: waits until the check is healthy before the next host', async ({ hosts }) => {
    const book = aPlaybook('p', (members) => [
      step('Roll', written('a', 'A'), { oneAtATime: true, untilHealthy: healthy(members), within: 10 }),
    ]);
    const { outcomes, events } = await run(hosts, [book]);
    expect(outcomes).toEqual([
      'controller1 roll failed',
      'controller2 roll skipped',
      'controller3 roll skipped',
    ]);
    const failure = events.find((event) => event.event === 'host-finished');
    expect(failure?.failure?.message).toMatch(/^timed out after 0 s waiting for "All healthy"$/);
  });
});

describe('a cluster step', () => {
  const cluster = aPlaybook('cluster', (members) => [
    step('Join', allJoined(members)),
    step('After', written('after', 'x')),
  ]);
  const next = aPlaybook('next', () => [step('Next', written('next', 'x'))], ['cluster']);

  it('forms the cluster, and emits the evidence', async ({ hosts }) => {
    put(hosts, 'controller1', 'member', 'joined');
    const { outcomes, events } = await run(hosts, [cluster]);
    expect(outcomes.slice(0, 3)).toEqual([
      'controller1 join ok',
      'controller2 join changed',
      'controller3 join changed',
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'evidence', because: '2 members are missing' }),
    );
  });

  it('stops its phase, and those that need it, when a member is gone', async ({ hosts }) => {
    hosts.takeDown('controller2');
    const { outcomes } = await run(hosts, [cluster, next]);
    expect(outcomes).toContain('controller1 join skipped');
    expect(outcomes).toContain('controller1 after skipped');
    expect(outcomes).toContain('controller1 next skipped');
  });

  it('refuses if continuing could do harm', async ({ hosts }) => {
    hosts.takeDown('controller2');
    hosts.takeDown('controller3');
    const { summary } = await run(hosts, [cluster], { selection: { limit: ['controller1'] } });
    expect(summary.refused).toBe('cluster: too few members answer');
  });

  it('waits for members that --limit leaves out, and changes none of them', async ({ hosts }) => {
    put(hosts, 'controller1', 'member', 'joined');
    const { outcomes, summary } = await run(hosts, [cluster, next], {
      selection: { limit: ['controller3'] },
    });
    expect(outcomes).toEqual([
      'controller3 join deferred',
      'controller3 after skipped',
      'controller3 next skipped',
    ]);
    expect(summary.failed).toBe(0);
    expect(existsSync(join(hosts.disk('controller2'), 'member'))).toBe(false);
  });

  it('reads, and does not change, members that --limit leaves out', async ({ hosts }) => {
    put(hosts, 'controller1', 'member', 'joined');
    put(hosts, 'controller2', 'member', 'joined');
    const { outcomes } = await run(hosts, [cluster], { selection: { limit: ['controller3'] } });
    expect(outcomes).toEqual(['controller3 join changed', 'controller3 after changed']);
    expect(existsSync(join(hosts.disk('controller1'), 'after'))).toBe(false);
  });
});

describe('a verifying step', () => {
  const verified = aPlaybook('p', (members) => [
    verify('Is healthy', healthy(members), { within: 10 }),
    step('After', written('after', 'x')),
  ]);

  it('passes when the check is healthy', async ({ hosts }) => {
    for (const host of ['controller1', 'controller2', 'controller3']) put(hosts, host, 'healthy', '');
    const { summary } = await run(hosts, [verified]);
    expect(summary).toMatchObject({ ok: 3, changes: 3, failed: 0 });
  });

  it('stops its phase when the check stays unhealthy', async ({ hosts }) => {
    put(hosts, 'controller1', 'healthy', '');
    const { outcomes, events } = await run(hosts, [verified]);
    expect(outcomes.slice(0, 3)).toEqual([
      'controller1 is-healthy skipped',
      'controller2 is-healthy failed',
      'controller3 is-healthy failed',
    ]);
    expect(outcomes).toContain('controller1 after skipped');
    const failure = events.find((event) => event.event === 'host-finished' && event.outcome === 'failed');
    expect(failure).toMatchObject({
      failure: { output: expect.stringContaining('controller2: health: false') as string },
    });
  });
});

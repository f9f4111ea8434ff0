import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { step, verify } from '../../src/playbook/step.ts';
import type { LocalHosts } from '../support/local-hosts.ts';
import { allJoined, healthy, written } from '../support/operations.ts';
import { aPlaybook, run } from '../support/run.ts';
import { files, it } from './it.ts';

function makeHealthy(hosts: LocalHosts, ...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(hosts.disk(name), { recursive: true });
    writeFileSync(join(hosts.disk(name), 'healthy'), '');
  }
}

describe('a diff', () => {
  it('tells what would change, and changes nothing', async ({ hosts }) => {
    const { summary, events } = await run(hosts, [files], { mode: 'diff' });
    expect(summary.changed).toBe(6);
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
      'controller1 healthy unknown',
    ]);
  });

  it('fails a verification that is unhealthy with nothing pending that could mend it, and ends with 1', async ({
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

  it('cannot know whether a verification that is unhealthy now passes after pending changes, and shows its findings', async ({
    hosts,
  }) => {
    makeHealthy(hosts, 'controller1', 'controller3');
    const book = aPlaybook('p', (members) => [
      step('Write', written('a', 'A'), { hosts: members.slice(0, 1) }),
      verify('Healthy', healthy(members)),
    ]);
    const { summary, events, outcomes } = await run(hosts, [book], { mode: 'diff' });
    expect(outcomes.filter((outcome) => outcome.includes('healthy'))).toEqual(
      ['controller1', 'controller2', 'controller3'].map((host) => `${host} healthy unknown`),
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
      { message: 'Healthy: not healthy, because of a member that --limit leaves out' },
    ]);
  });

  it('needs no lock', async ({ hosts }) => {
    hosts.lockBy('controller2', 'ops@elsewhere');
    const { summary } = await run(hosts, [files], { mode: 'diff' });
    expect(summary.refused).toBeUndefined();
  });
});

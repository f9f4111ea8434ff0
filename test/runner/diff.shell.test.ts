import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { step, verify } from '../../src/playbook/step.ts';
import { allJoined, healthy, written } from '../support/operations.ts';
import { aPlaybook, run } from '../support/run.ts';
import { files, it } from './it.ts';

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
      'controller1 healthy ok',
    ]);
  });

  it('needs no lock', async ({ hosts }) => {
    hosts.lockBy('controller2', 'ops@elsewhere');
    const { summary } = await run(hosts, [files], { mode: 'diff' });
    expect(summary.refused).toBeUndefined();
  });
});

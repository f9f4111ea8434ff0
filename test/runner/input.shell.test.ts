import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect } from 'vitest';
import type { Operation } from '../../src/playbook/operation.ts';
import { step } from '../../src/playbook/step.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { aPlaybook, run } from '../support/run.ts';
import { it } from './it.ts';

/** Writes a file whose content is only made when it is written. */
function made(make: () => Promise<Secret>): Operation<string> {
  return {
    scope: 'host',
    title: 'made',
    probe: { script: 'cat made 2>/dev/null || :', reads: ['file:made'], parse: ({ stdout }) => stdout },
    decide: (now) =>
      now === '' ? [{ summary: 'make it', script: 'cat >made', input: make, touches: ['file:made'] }] : [],
  };
}

describe('an input that is produced when its change is made', () => {
  let count = 0;
  const make = async (): Promise<Secret> => new Secret('number', `number ${++count}`);
  const book = aPlaybook('p', () => [step('Make it', made(make))]);
  beforeEach(() => {
    count = 0;
  });

  it('is produced once for each host', async ({ hosts }) => {
    expect((await run(hosts, [book])).summary).toMatchObject({ changes: 3, failed: 0 });
    const contents = ['controller1', 'controller2', 'controller3'].map((host) =>
      readFileSync(join(hosts.disk(host), 'made'), 'utf8'),
    );
    expect(contents.sort()).toEqual(['number 1', 'number 2', 'number 3']);
    expect((await run(hosts, [book])).summary).toMatchObject({ changes: 0, failed: 0 });
    expect(count).toBe(3);
  });

  it('is not produced by a dry run', async ({ hosts }) => {
    const { events } = await run(hosts, [book], { mode: 'diff' });
    expect(events.filter((event) => event.event === 'change')).toHaveLength(3);
    expect([count, existsSync(join(hosts.disk('controller1'), 'made'))]).toEqual([0, false]);
  });

  it('fails its host if it cannot be produced, and nothing is sent', async ({ hosts }) => {
    const broken = aPlaybook('p', () => [
      step(
        'Make it',
        made(() => Promise.reject(new Error('no entropy'))),
      ),
    ]);
    expect((await run(hosts, [broken])).summary).toMatchObject({ changes: 0, failed: 3 });
    expect(hosts.sent.some((line) => line.includes('cat >made'))).toBe(false);
  });
});

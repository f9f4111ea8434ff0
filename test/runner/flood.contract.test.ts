import { expect, it } from 'vitest';
import type { HealthCheck, Operation } from '../../src/playbook/operation.ts';
import { step } from '../../src/playbook/step.ts';
import { observeHealth } from '../../src/runner/health.ts';
import { createLocalTransport } from '../transport/local.ts';
import { anInventory } from '../support/inventory.ts';
import { aPlaybook, run } from '../support/run.ts';

const MAX = 100_000;
const [member] = anInventory().hosts;
const members = member ? [member] : [];

/** Healthy with what a host answers to `script` as the evidence. */
function asking(script: string): HealthCheck<string> {
  return {
    scope: 'health',
    title: 'A word',
    members,
    probe: () => ({ script, reads: [], parse: ({ stdout }) => stdout.trim() }),
    judge: (answers) =>
      [...answers].flatMap(([host, answer]) =>
        answer.reachable ? [{ host, subject: 'word', healthy: true, evidence: answer.observed }] : [],
      ),
  };
}

it('a probe that prints without end fails alone, with the reason, and its output is never parsed', async () => {
  const check = (script: string): { system: string; title: string; check: HealthCheck } => ({
    system: script,
    title: script,
    check: asking(script),
  });
  const { systems } = await observeHealth(
    members,
    [check('echo before'), check('yes'), check('echo after')],
    {
      transport: createLocalTransport({ maxOutputBytes: MAX }),
      forks: 1,
      connectTimeoutMs: 10_000,
      probeTimeoutMs: 60_000,
      acceptNew: false,
      signal: new AbortController().signal,
      emit: () => undefined,
    },
  );
  expect(systems.map(({ findings }) => findings)).toMatchObject([
    [{ healthy: true, evidence: 'before' }],
    [
      {
        healthy: false,
        evidence: 'no answer: printed more than 97.7 KiB and was killed',
      },
    ],
    [{ healthy: true, evidence: 'after' }],
  ]);
});

it('a change that prints without end is carried out, and its record stays within the limit', async () => {
  let made = false;
  const flooding: Operation<boolean> = {
    scope: 'host',
    title: 'flood',
    probe: { script: 'true', reads: [], parse: () => made },
    decide: () => {
      if (made) return [];
      made = true;
      return [{ summary: 'flood', script: 'yes | head -c 20000000; echo the end', touches: [] }];
    },
  };
  const { events, summary } = await run(
    createLocalTransport({ maxOutputBytes: MAX }),
    [aPlaybook('p', () => [step('Flood', flooding)])],
    {
      timeoutMs: 60_000,
      connectTimeoutMs: 10_000,
      maxOutputBytes: MAX,
      selection: { limit: ['controller1'] },
    },
  );
  expect(summary).toMatchObject({ changes: 1, failed: 0 });
  const output = events.filter((event) => event.event === 'output');
  expect(JSON.stringify(output).length).toBeLessThan(2 * MAX);
  expect(output.at(-1)?.line).toMatch(
    /^\[osha: \d+ lines \([\d.]+ KiB\) are left out; --max-output keeps more\]$/,
  );
});

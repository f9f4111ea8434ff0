import type { RunFacts } from '../../../src/render/html/page.ts';
import type { TimedEvent } from '../../../src/render/html/run-model.ts';
import type { Outcome, RunEvent, StepFailure } from '../../../src/runner/events.ts';
import { summary } from '../../render/events.ts';

const BEGAN = Date.parse('2026-11-21T14:22:33.000Z');
const HOSTS = ['controller1', 'controller2', 'controller3'];

/** The run that the picture in the documentation shows: a step fails on one host. */
export const SAMPLE_FACTS: RunFacts = {
  id: '20261121-142233-ab12',
  state: 'failed',
  startedAt: new Date(BEGAN).toISOString(),
  user: 'operator',
  machine: 'desk',
  version: '0.1.0',
  command: 'osha deploy inventory.yaml',
  inventory: '/home/operator/prod/inventory.yaml',
  log: '/home/operator/prod/.osha/runs/20261121-142233-ab12/events.jsonl',
};

/** The failure that the page has to show first. */
export const SAMPLE_FAILURE: StepFailure = {
  message: 'join rabbit@controller1 failed: its script ended with 69',
  hint: 'look at journalctl -u rabbitmq-server on controller2',
  output: 'Clustering node rabbit@controller2 with rabbit@controller1\nError: inconsistent_cluster',
};

/** The steps of the sample: phase, step, seconds on each host, and how they end. */
const STEPS: readonly (readonly [
  phase: string,
  step: string,
  seconds: readonly number[],
  outcomes: readonly Outcome[],
])[] = [
  ['base', 'Set kernel parameters', [2, 2, 3], ['changed', 'changed', 'changed']],
  ['base', 'Install common packages', [9, 11, 8], ['changed', 'changed', 'changed']],
  ['time', 'Configure chrony', [4, 4, 5], ['changed', 'changed', 'changed']],
  ['time', 'Clocks agree', [6, 6, 6], ['ok', 'ok', 'ok']],
  ['galera', 'Install MariaDB', [21, 24, 22], ['changed', 'changed', 'changed']],
  ['galera', 'Form the cluster', [17, 17, 17], ['changed', 'changed', 'changed']],
  ['rabbitmq', 'Install the broker', [14, 15, 19], ['changed', 'changed', 'changed']],
  ['rabbitmq', 'Join the cluster', [6, 12, 6], ['ok', 'failed', 'skipped']],
];

/** The events of the sample, as a journal records them. */
export function sampleEvents(): readonly TimedEvent[] {
  const events: TimedEvent[] = [];
  let now = BEGAN;
  const say = (event: RunEvent, at = now): void => {
    events.push({ ...event, time: new Date(at).toISOString() });
  };
  const phases = [...new Set(STEPS.map(([phase]) => phase))];
  const waves = phases.map((phase) => [phase]);
  const { command, inventory } = SAMPLE_FACTS;
  say({ event: 'run-started', command, inventory, mode: 'apply', phases, waves, hosts: HOSTS });
  now += 2000;
  for (const phase of phases) {
    const began = now;
    const steps = STEPS.filter(([name]) => name === phase);
    say({ event: 'phase-started', phase, title: phase, hosts: HOSTS, steps: steps.map(([, step]) => step) });
    for (const [, title, seconds, outcomes] of steps)
      now = playStep(say, now, { phase, title, seconds, outcomes });
    const outcome = phase === 'rabbitmq' ? 'failed' : 'changed';
    say({ event: 'phase-finished', phase, outcome, durationMs: now - began, roundTrips: {} });
  }
  say({
    ...summary(Object.fromEntries(HOSTS.map((host) => [host, { changes: 6, ok: 1 }]))),
    failed: 1,
    durationMs: now - BEGAN,
  });
  return events;
}

function playStep(
  say: (event: RunEvent, at?: number) => void,
  now: number,
  step: { phase: string; title: string; seconds: readonly number[]; outcomes: readonly Outcome[] },
): number {
  const { phase, title, seconds, outcomes } = step;
  const at = { phase, step: title.toLowerCase().replaceAll(' ', '-') };
  say({ event: 'step-started', ...at, title, hosts: HOSTS, strategy: 'in parallel' }, now);
  for (const host of HOSTS) say({ event: 'host-started', ...at, host }, now);
  for (const [index, host] of HOSTS.entries()) {
    const outcome = outcomes[index] ?? 'ok';
    const durationMs = (seconds[index] ?? 0) * 1000;
    if (outcome === 'changed')
      say({ event: 'change', ...at, host, summary: title.toLowerCase(), applied: true }, now);
    say(
      {
        event: 'host-finished',
        ...at,
        host,
        outcome,
        durationMs,
        ...(outcome === 'failed' ? { failure: SAMPLE_FAILURE } : {}),
        ...(outcome === 'skipped' ? { note: 'controller2 failed before it' } : {}),
      },
      now + durationMs,
    );
  }
  const durationMs = Math.max(...seconds) * 1000;
  const outcome = outcomes.includes('failed') ? 'failed' : outcomes.includes('changed') ? 'changed' : 'ok';
  say({ event: 'step-finished', ...at, outcome, durationMs }, now + durationMs);
  return now + durationMs;
}

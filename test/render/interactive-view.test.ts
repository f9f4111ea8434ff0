import { describe, expect, it } from 'vitest';
import { viewOf, type View } from '../../src/render/interactive-view.ts';
import { createColors } from '../../src/render/output.ts';
import { advance, createProgress } from '../../src/render/progress.ts';
import { widthOf } from '../../src/render/text.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import {
  changed,
  hostFinished,
  phaseStarted,
  refusedRun,
  runStarted,
  stepStarted,
  troubledRun,
} from './events.ts';

function viewAfter(events: readonly RunEvent[], size: { columns?: number; rows?: number } = {}): View {
  const progress = createProgress();
  for (const event of events) advance(progress, event, 10_000);
  return viewOf(progress, { colors: createColors(false), now: 13_000, columns: 100, rows: 30, ...size });
}

/** The view as lines, indented as listr2 does. */
function linesOf(view: View): readonly string[] {
  return [
    view.head,
    ...[...view.phases.values()].flatMap((phase) => [
      phase.title,
      ...[...phase.steps.values()].flatMap((step) => [
        `  ${step.title}`,
        ...step.body.map((line) => `    ${line}`),
      ]),
    ]),
    view.later,
  ].filter((line) => line.trim() !== '');
}

const output = (host: string, line: string): RunEvent => ({
  event: 'output',
  phase: 'base',
  step: 'install',
  host,
  stream: 'stdout',
  line,
});
const started = (host: string): RunEvent => ({ event: 'host-started', phase: 'base', step: 'install', host });

function installing(count: number, phases: readonly string[] = ['base', 'galera']): readonly RunEvent[] {
  const hosts = Array.from({ length: count }, (_, index) => `h${index + 1}`);
  return [
    runStarted(hosts, phases),
    ...hosts.map((host): RunEvent => ({ event: 'connected', host, durationMs: 1 })),
    phaseStarted('base', 'Common base', hosts, ['Install', 'Configure']),
    stepStarted('base', 'install', 'Install', hosts),
    ...hosts.map(started),
  ];
}

describe('the live view', () => {
  it('shows the running step with each host, its time and its last line', () => {
    const events = [
      ...installing(3),
      output('h2', '\u001b[1mUnpacking\u001b[0m mariadb\tserver'),
      hostFinished('base', 'install', 'h1', 'ok'),
    ];
    expect(linesOf(viewAfter(events))).toEqual([
      'Connect to 3 hosts',
      'Common base  0/2 steps · 3.0 s',
      '  Install  hosts: 1 ok, 2 running · 3.0 s',
      '    h2 3.0 s Unpacking mariadb\\tserver',
      '    h3 3.0 s',
      'galera',
    ]);
  });

  it('shows counts and at most three hosts of many', () => {
    const lines = linesOf(viewAfter(installing(200)));
    expect(lines).toContain('  Install  hosts: 200 running · 3.0 s');
    expect(lines.filter((line) => /^ {4}h\d/.test(line))).toHaveLength(3);
  });

  it('keeps showing the reason and the hint of a failure', () => {
    const lines = linesOf(viewAfter(troubledRun()));
    expect(lines).toContain('  Join the cluster  hosts: 1 failed, 1 skipped · 2.0 s');
    expect(lines).toContain('    c2: could not join rabbit@c1: its script ended with 69');
    expect(lines).toContain('    hint: look at journalctl -u rabbitmq-server');
    expect(lines).toContain('HAProxy  skipped');
  });

  it('shows a refusal at its step, not at a host', () => {
    const lines = linesOf(viewAfter(refusedRun()));
    expect(lines).toContain('Galera  refused · 3.0 s');
    expect(lines).toContain('  Form the cluster  refused, hosts: 3 skipped · 2.0 s');
    expect(lines).toContain('    c3 is unreachable and may hold newer data');
    expect(lines).toContain('    hint: bring c3 back');
  });

  it('lists waiting phases in one line where the terminal has too few rows', () => {
    const phases = ['base', ...Array.from({ length: 40 }, (_, index) => `extra${index}`)];
    const lines = linesOf(viewAfter(installing(3, phases), { rows: 20 }));
    expect(lines.length).toBeLessThan(20);
    expect(lines.at(-1)).toMatch(/^then 40 more phases: extra0, extra1, .*…$/);
  });

  it('has no line that is wider than the terminal', () => {
    const long = 'x'.repeat(300);
    const events = [...installing(2), output('h1', long), changed('base', 'install', 'h2', long)];
    for (const line of linesOf(viewAfter(events, { columns: 60 })))
      expect(widthOf(line)).toBeLessThanOrEqual(58);
  });
});

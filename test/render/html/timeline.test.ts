import { expect, it } from 'vitest';
import { runModel, type TimedEvent } from '../../../src/render/html/run-model.ts';
import { lanesOf, ticksOf, type Lane } from '../../../src/render/html/timeline.ts';
import type { RunEvent } from '../../../src/runner/events.ts';
import { hostFinished, phaseStarted, refusedRun, runStarted, stepStarted, troubledRun } from '../events.ts';
import { at, BEGAN, recorded, timedPhase, timedStep } from './recorded.ts';

function lanes(events: readonly TimedEvent[], lengthMs?: number): readonly Lane[] {
  const model = runModel(events);
  const span = { from: BEGAN, to: lengthMs === undefined ? model.endedAt : BEGAN + lengthMs };
  return lanesOf([...model.progress.phases.values()], model.progress.hosts, span, model);
}

/** By host, the looks of its bars, row by row. */
function looks(events: readonly TimedEvent[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    lanes(events).map(({ name, rows }) => [name, rows.map((bars) => bars.map((bar) => bar.look).join(' '))]),
  );
}

const HOSTS = ['c1', 'c2'];
const begun: readonly RunEvent[] = [
  runStarted(HOSTS, ['p']),
  phaseStarted('p', 'P', HOSTS, ['S']),
  stepStarted('p', 's', 'S', HOSTS),
  { event: 'host-started', phase: 'p', step: 's', host: 'c1' },
];

it.each<[string, readonly RunEvent[], Readonly<Record<string, readonly string[]>>]>([
  [
    'shows failed, changed and skipped steps of hosts',
    troubledRun(),
    { c1: ['changed ok'], c2: ['changed failed'], c3: ['changed skipped'] },
  ],
  [
    'shows a refusal on the hosts of its step',
    refusedRun(),
    { c1: ['refused changed'], c2: ['refused ok'], c3: ['refused ok'] },
  ],
  ['shows what a killed run was in, on the hosts that had begun', begun, { c1: ['unfinished'], c2: [] }],
  [
    'shows a host that the user interrupted as not finished',
    [...begun, hostFinished('p', 's', 'c1', 'skipped', { note: 'interrupted' })],
    { c1: ['unfinished'], c2: [] },
  ],
  [
    'has a lane for the steps of a smoke test',
    [
      { ...runStarted([], ['p']), mode: 'smoke' } as RunEvent,
      phaseStarted('p', 'P', [], ['S']),
      stepStarted('p', 's', 'S', []),
      { event: 'step-finished', phase: 'p', step: 's', outcome: 'failed', durationMs: 100 },
    ],
    { 'this machine': ['failed'] },
  ],
])('a timeline %s', (_, events, expected) => {
  expect(looks(recorded(events, 1000))).toEqual(expected);
});

it('bars of phases that ran in parallel do not cover each other', () => {
  const events = [
    at(0, runStarted(HOSTS, ['a', 'b', 'c'], 'apply', [['a', 'b'], ['c']])),
    ...[
      ...timedPhase('a', 0, 3000, timedStep('a', 's', 0, { c1: 3000 })),
      ...timedPhase('b', 0, 2000, timedStep('b', 's', 0, { c1: 2000 })),
      ...timedPhase('c', 3000, 4000, timedStep('c', 's', 3000, { c1: 1000 })),
    ].sort((a, b) => a.time.localeCompare(b.time)),
  ];
  const [lane] = lanes(events);
  expect(lane?.rows.map((row) => row.map(({ title }) => title))).toEqual([
    ['a: s: ok, 3.0 s', 'c: s: ok, 1.0 s'],
    ['b: s: ok, 2.0 s'],
  ]);
});

it('steps that are too short to be seen are one bar, and long ones their own', () => {
  const steps = [0, 1, 2].flatMap((n) => timedStep('a', `s${n}`, n * 10, { c1: 10 }));
  const long = timedStep('a', 'long', 30, { c1: 5000 });
  const events = [at(0, runStarted(['c1'], ['a'])), ...timedPhase('a', 0, 5030, [...steps, ...long])];
  expect(
    lanes(events, 100_000)[0]
      ?.rows.flat()
      .map(({ title }) => title),
  ).toEqual(['a: 3 short steps: ok, 0.0 s', 'a: long: ok, 5.0 s']);
});

it.each([
  [800, [0, 100, 200, 300, 400, 500, 600, 700, 800]],
  [12_000, [0, 2000, 4000, 6000, 8000, 10_000, 12_000]],
  [400_000, [0, 60_000, 120_000, 180_000, 240_000, 300_000, 360_000]],
  [0, [0]],
])('an axis of %i ms is marked at round times', (length, expected) => {
  expect(ticksOf(length)).toEqual(expected);
});

it('an axis of a very long run has few marks', () => {
  expect(ticksOf(40 * 3_600_000).length).toBeLessThanOrEqual(9);
});

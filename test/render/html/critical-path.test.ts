import { expect, it } from 'vitest';
import { criticalPath, slowestSteps } from '../../../src/render/html/critical-path.ts';
import { runModel, type RunModel, type TimedEvent } from '../../../src/render/html/run-model.ts';
import { runStarted, summary } from '../events.ts';
import { at, timedPhase, timedStep } from './recorded.ts';

function modelOf(
  waves: readonly (readonly string[])[],
  phases: readonly (readonly TimedEvent[])[],
  end: readonly TimedEvent[] = [],
): RunModel {
  const events = phases.flat().sort((a, b) => a.time.localeCompare(b.time));
  return runModel([at(0, runStarted(['c1', 'c2'], waves.flat(), 'apply', waves)), ...events, ...end]);
}

/** "phase:step host time", in seconds. */
function pathOf(model: RunModel): readonly string[] {
  return criticalPath(model).steps.map(
    ({ phase, step, host, from, to }) => `${phase.name}:${step.id} ${host ?? '-'} ${(to - from) / 1000}`,
  );
}

const one = timedPhase('one', 1000, 4000, [
  ...timedStep('one', 'a', 1000, { c1: 1000, c2: 2000 }),
  ...timedStep('one', 'b', 3000, { c1: 1000, c2: 500 }),
]);
const short = timedPhase('short', 4000, 6000, timedStep('short', 'a', 4000, { c1: 2000 }));
const long = timedPhase('long', 4000, 9000, [
  ...timedStep('long', 'a', 4000, { c1: 1000, c2: 1000 }),
  ...timedStep('long', 'b', 5000, { c1: 4000 }),
]);

it.each<[string, RunModel, readonly string[]]>([
  [
    'takes all steps of a phase, with the host that each of them waited for',
    modelOf([['one']], [one]),
    ['one:a c2 2', 'one:b c1 1'],
  ],
  [
    'takes of phases in parallel the one that ended last',
    modelOf([['one'], ['short', 'long']], [one, short, long]),
    ['one:a c2 2', 'one:b c1 1', 'long:a - 1', 'long:b c1 4'],
  ],
  [
    'takes all phases that ran serially',
    modelOf([['short'], ['long']], [short, long]),
    ['short:a c1 2', 'long:a - 1', 'long:b c1 4'],
  ],
  [
    'names no host where hosts took turns',
    modelOf(
      [['one']],
      [timedPhase('one', 0, 3000, timedStep('one', 'a', 0, { c1: 1000, c2: 3000 }, 'one at a time'))],
    ),
    ['one:a - 3'],
  ],
  ['leaves out a phase that did not run', modelOf([['one'], ['never']], [one]), ['one:a c2 2', 'one:b c1 1']],
  ['is empty where no step began', modelOf([['one']], []), []],
  [
    'ends in the step that a killed run was in',
    modelOf([['long']], [long.slice(0, 9), [at(8000, { event: 'warning', message: 'slow' })]]),
    ['long:a - 1', 'long:b c1 3'],
  ],
])('the critical path %s', (_, model, expected) => {
  expect(pathOf(model)).toEqual(expected);
});

it('the critical path and the time without steps are the time of the run', () => {
  const end = at(9500, { ...summary({ c1: {} }), durationMs: 9500 });
  const path = criticalPath(modelOf([['one'], ['short', 'long']], [one, short, long], [end]));
  const sum = path.steps.reduce((all, { from, to }) => all + to - from, 0);
  expect(path).toMatchObject({ beforeMs: 1000, betweenMs: 0, afterMs: 500 });
  expect(sum + path.beforeMs + path.betweenMs + path.afterMs).toBe(9500);
});

it('the slowest steps are listed with the longest first, also of phases in parallel', () => {
  const model = modelOf([['one'], ['short', 'long']], [one, short, long]);
  expect(slowestSteps(model, 3).map(({ phase, step }) => `${phase.name}:${step.id}`)).toEqual([
    'long:b',
    'one:a',
    'short:a',
  ]);
});

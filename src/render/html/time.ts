import { count, duration } from '../text.ts';
import { criticalPath, slowestSteps, type TimedStep } from './critical-path.ts';
import { html, type Html } from './html.ts';
import type { RunModel } from './run-model.ts';
import { dataTable, outcomes } from './steps.ts';

/** Steps of the critical path that took less than this part of the run are summed up. */
const SMALL_PART = 0.01;
const SLOWEST = 10;

/** The critical path and the slowest steps. */
export function time(model: RunModel): readonly Html[] {
  const path = criticalPath(model);
  if (path.steps.length === 0) return [];
  const total = Math.max(1, model.endedAt - model.beganAt);
  const lengths = (ms: number): readonly string[] => [duration(ms), percentOf(ms, total)];
  const long = path.steps.filter(({ from, to }) => to - from >= total * SMALL_PART);
  const short = path.steps.filter((step) => !long.includes(step));
  const sum = short.reduce((all, { from, to }) => all + to - from, 0);
  const named = ({ phase, step, host }: TimedStep): readonly string[] => [phase.name, step.title, host ?? ''];
  const rest: readonly (readonly [string, number])[] = [
    ['before the first step: connecting, locks, preflight checks', path.beforeMs],
    [`${count(short.length, 'shorter step')}`, sum],
    ['between the steps', path.betweenMs],
    ['after the last step', path.afterMs],
  ];
  return [
    html`<h3>Critical path</h3>
      <p>
        The chain of steps that determined how long the run took: of phases that ran in parallel the one that
        ended last, and of each of its steps the host that ended last. A host that waited for its turn counts
        as working.
      </p>`,
    dataTable(
      'Critical path',
      ['phase', 'step', 'slowest host', 'time', 'of the run'],
      [
        ...long.map((step) => [...named(step), ...lengths(step.to - step.from)]),
        ...rest.filter(([, ms]) => ms > 0).map(([words, ms]) => ['', words, '', ...lengths(ms)]),
      ],
    ),
    html`<h3>Slowest steps</h3>`,
    dataTable(
      'Slowest steps of all phases',
      ['phase', 'step', 'slowest host', 'time', 'of the run', 'outcome'],
      slowestSteps(model, SLOWEST).map((step) => [
        ...named(step),
        ...lengths(step.to - step.from),
        outcomes(step.step),
      ]),
    ),
  ];
}

function percentOf(ms: number, total: number): string {
  const percent = Math.round((100 * ms) / total);
  return percent === 0 ? 'under 1 %' : `${percent} %`;
}

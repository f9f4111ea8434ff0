import type { TimedEvent } from '../../../src/render/html/run-model.ts';
import type { RunEvent } from '../../../src/runner/events.ts';

/** When the runs of these tests begin. */
export const BEGAN = Date.parse('2026-11-21T14:22:33.000Z');

/** Events as a journal records them, one each `everyMs`. */
export function recorded(events: readonly RunEvent[], everyMs = 100): readonly TimedEvent[] {
  return events.map((event, index) => at(index * everyMs, event));
}

/** An event, and the milliseconds from the beginning of the run to its record. */
export function at(ms: number, event: RunEvent): TimedEvent {
  return { ...event, time: new Date(BEGAN + ms).toISOString() };
}

/** A step on hosts that each take their time, in a phase that has begun. */
export function timedStep(
  phase: string,
  step: string,
  startMs: number,
  hosts: Readonly<Record<string, number>>,
  strategy = 'in parallel',
): readonly TimedEvent[] {
  const names = Object.keys(hosts);
  const longest = Math.max(...Object.values(hosts));
  return [
    at(startMs, { event: 'step-started', phase, step, title: step, hosts: names, strategy }),
    ...names.map((host) => at(startMs, { event: 'host-started', phase, step, host })),
    ...Object.entries(hosts).map(([host, durationMs]) =>
      at(startMs + durationMs, { event: 'host-finished', phase, step, host, outcome: 'ok', durationMs }),
    ),
    at(startMs + longest, {
      event: 'step-finished',
      phase,
      step,
      outcome: 'ok',
      durationMs: longest,
    }),
  ];
}

/** A phase around such steps. */
export function timedPhase(
  phase: string,
  startMs: number,
  endMs: number,
  steps: readonly TimedEvent[],
): readonly TimedEvent[] {
  return [
    at(startMs, { event: 'phase-started', phase, title: phase, hosts: ['c1', 'c2'], steps: [] }),
    ...steps,
    at(endMs, {
      event: 'phase-finished',
      phase,
      outcome: 'ok',
      durationMs: endMs - startMs,
      roundTrips: {},
    }),
  ];
}

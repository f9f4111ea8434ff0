import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/drill/measure.ts';
import {
  acknowledgedTable,
  availability,
  blindSpots,
  faults,
  lostBy,
  measured,
  worst,
  type Series,
} from '../../src/drill/report.ts';

/** Samples every 250 ms that take 10 ms: `+` is answered. */
function series(what: string, host: string, signs: string): Series {
  const samples = [...signs].map((sign, at): Sample => ({
    startMs: at * 250,
    tookMs: 10,
    answered: sign === '+',
  }));
  return { what, host, samples, takenMs: 300 };
}

const ALL = measured([
  series('api', 'c2', '++--++++'),
  series('api', 'c3', '++----++'),
  series('database', 'c2', '++++++++'),
  series('database', 'c3', '++++++++'),
]);

describe('a report', () => {
  it('shows each service from the host that noticed most', () => {
    expect(availability(worst(ALL)).rows).toEqual([
      ['api', 'c3', '8', '4', '1010 ms', '1010 ms', '1210 ms'],
      ['database', 'c2', '8', '0', '0 ms', '0 ms', '-'],
    ]);
  });

  it('finds no fault in outages that ended, without a limit', () => {
    expect(faults(ALL, {})).toEqual([]);
  });

  it('names an outage that is longer than the limit', () => {
    expect(faults(ALL, { maxDowntimeMs: 1000 })).toEqual(['api: outage of 1010 ms on c3 exceeds 1000 ms']);
    expect(faults(ALL, { maxDowntimeMs: 2000 })).toEqual([]);
  });

  it('names a service that never answered again, even if another host saw more', () => {
    const found = measured([series('api', 'c2', '+---+++-'), series('api', 'c3', '+-----++')]);
    expect(faults(found, {})).toEqual(['api: still no answer on c2 at the end']);
    expect(availability(worst(found)).rows[0]?.[4]).toBe('760 ms, not over');
  });

  it('says where a host took no samples for a while', () => {
    const stalled: Series = {
      ...series('api', 'c2', '+'),
      samples: [0, 5000].map((startMs) => ({ startMs, tookMs: 1, answered: true })),
    };
    expect(blindSpots(measured([stalled]))).toEqual([
      'c2 took no samples for 5000 ms: an outage in that time is not in the report',
    ]);
    expect(blindSpots(ALL)).toEqual([]);
  });
});

describe('acknowledged entries', () => {
  const count = {
    what: 'rows',
    acknowledged: ['c2 1', 'c2 2', 'c3 1'],
    found: new Map([
      ['c1', new Set(['c2 1', 'c3 1'])],
      ['c2', new Set(['c2 1', 'c2 2', 'c2 3', 'c3 1'])],
    ]),
  };

  it('are lost on a member that lacks them; more than was acknowledged is no loss', () => {
    expect([...lostBy(count)]).toEqual([
      ['c1', ['c2 2']],
      ['c2', []],
    ]);
  });

  it('are shown for each member', () => {
    expect(acknowledgedTable([count]).rows).toEqual([
      ['rows', '3', 'c1', '1'],
      ['rows', '3', 'c2', '0'],
    ]);
  });
});

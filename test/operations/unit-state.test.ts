import { describe, expect, it } from 'vitest';
import { INSTALLED } from '../../src/operations/packages.ts';
import { foreseeMember, foreseeUnit, heldBy, type UnitState } from '../../src/operations/unit-state.ts';
import type { Effect, PendingReads, ResourceKey } from '../../src/playbook/operation.ts';
import { unitReading } from './unit-states.ts';

const FILE = '/etc/etcd.conf';
const UNIT: ResourceKey = 'unit:etcd';
const MEMBERS: ResourceKey = 'cluster:etcd';

const running = unitReading(FILE, 'active');
const stopped = unitReading(FILE, 'inactive');
const pending = (...entries: readonly (readonly [ResourceKey, readonly Effect[]])[]): PendingReads =>
  new Map(entries);

describe('the foreseen state of a unit', () => {
  it.each<[string, UnitState, PendingReads, Partial<UnitState>]>([
    [
      'keeps running after a change of its file',
      running,
      pending([`file:${FILE}`, []]),
      { active: 'active' },
    ],
    [
      'is running after a start',
      stopped,
      pending([UNIT, ['starts']]),
      { active: 'active', startedAt: 2_000 },
    ],
    ['is running after a restart', running, pending([UNIT, ['restarts']]), { startedAt: 2_000 }],
    ['is stopped after a stop', running, pending([UNIT, ['stops']]), { active: 'inactive', sub: 'dead' }],
    [
      'is installed and enabled after an installation, and not started by it',
      { ...stopped, isInstalled: false, masked: true, boot: 'fixed' },
      pending([INSTALLED, []]),
      { isInstalled: true, masked: false, boot: 'enabled', active: 'inactive' },
    ],
    [
      'is unmasked after a change of the unit that neither starts nor stops it',
      { ...stopped, masked: true },
      pending([UNIT, []]),
      { masked: false, active: 'inactive' },
    ],
  ])('%s', (_, now, changes, expected) => {
    expect(foreseeUnit('etcd.service', now, changes)).toMatchObject(expected);
  });

  it('has the host’s time for files that will change', () => {
    const foreseen = foreseeUnit('etcd', running, pending([`file:${FILE}`, []]));
    expect(foreseen?.changed.get(FILE)).toBe(running.now);
  });

  it.each<[string, PendingReads]>([
    ['its data is wiped', pending([UNIT, ['wipes']])],
    [
      'a file changes and the unit restarts, in an unknown order',
      pending([UNIT, ['restarts']], [`file:${FILE}`, []]),
    ],
  ])('is unknown if %s', (_, changes) => {
    expect(foreseeUnit('etcd', running, changes)).toBeUndefined();
  });
});

describe('the foreseen report of a cluster member', () => {
  const foresee = foreseeMember<{ unit: UnitState; term: number }>('etcd', MEMBERS, ({ term }) => term > 0);

  it('has the unit as foreseen and the rest as now', () => {
    const foreseen = foresee({ unit: stopped, term: 3 }, pending([UNIT, ['starts']]));
    expect(foreseen).toMatchObject({ unit: { active: 'active' }, term: 3 });
  });

  it('is unknown if the membership changes before', () => {
    expect(foresee({ unit: running, term: 3 }, pending([MEMBERS, ['joins']]))).toBeUndefined();
  });

  it('is the same as now if the membership is touched without an effect', () => {
    expect(foresee({ unit: running, term: 3 }, pending([MEMBERS, []]))).toMatchObject({ term: 3 });
  });

  it('is unknown of a member that cannot say', () => {
    expect(foresee({ unit: running, term: 0 }, pending([UNIT, ['restarts']]))).toBeUndefined();
  });
});

describe('what a server reports about its data', () => {
  const foresee = heldBy<{ answers: boolean }>('etcd', ({ answers }) => answers, MEMBERS);
  const answering = { answers: true };

  it.each<[string, PendingReads]>([
    ['its unit restarts', pending([UNIT, ['restarts']])],
    ['packages are installed', pending([INSTALLED, []])],
    ['a peer starts', pending([MEMBERS, ['starts']])],
  ])('stays the same if %s', (_, changes) => {
    expect(foresee(answering, changes)).toBe(answering);
  });

  it.each<[string, PendingReads]>([
    ['its unit is stopped', pending([UNIT, ['stops']])],
    ['a member is wiped', pending([MEMBERS, ['wipes']])],
    ['its file changes', pending([`file:${FILE}`, []])],
  ])('is unknown if %s', (_, changes) => {
    expect(foresee(answering, changes)).toBeUndefined();
  });

  it('is unknown of a server that does not answer now', () => {
    expect(foresee({ answers: false }, pending([UNIT, ['restarts']]))).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { byPresentNames, selectHosts, selectPhases } from '../../src/planner/selection.ts';
import { aHost, anInventory } from '../support/inventory.ts';

const phases = ['base', 'time', 'galera', 'rabbitmq'].map((name) => ({ name }));

describe('the phases of a selection', () => {
  it.each([
    ['all of them without a selection', {}, ['base', 'time', 'galera', 'rabbitmq']],
    [
      'only those that --only names, in the plan’s order',
      { only: ['rabbitmq', 'base'] },
      ['base', 'rabbitmq'],
    ],
    ['all but those that --skip names', { skip: ['time'] }, ['base', 'galera', 'rabbitmq']],
    ['those from --from onwards', { from: { phase: 'galera' } }, ['galera', 'rabbitmq']],
    ['the intersection of all three', { only: ['base', 'galera'], from: { phase: 'time' } }, ['galera']],
  ])('are %s', (_, selection, expected) => {
    expect(selectPhases(phases, selection).map((phase) => phase.name)).toEqual(expected);
  });

  const withManual = [{ name: 'keystone' }, { name: 'rotate', manual: true as const }, { name: 'glance' }];
  it.each([
    ['skipped by default', {}, ['keystone', 'glance']],
    ['skipped after another phase in --from', { from: { phase: 'keystone' } }, ['keystone', 'glance']],
    ['included if --only names them', { only: ['rotate'] }, ['rotate']],
    ['included if --from names them, before later ones', { from: { phase: 'rotate' } }, ['rotate', 'glance']],
    ['known to --skip', { skip: ['rotate', 'glance'] }, ['keystone']],
  ])('that are manual are %s', (_, selection, expected) => {
    expect(selectPhases(withManual, selection).map((phase) => phase.name)).toEqual(expected);
  });

  it.each([[{ only: ['rabitmq'] }], [{ skip: ['rabitmq'] }], [{ from: { phase: 'rabitmq' } }]])(
    'must exist: %j is refused, and the known ones are named',
    (selection) => {
      expect(() => selectPhases(phases, selection)).toThrow(/"rabitmq"/);
    },
  );
});

describe('a selection by former names', () => {
  const phases = [{ name: 'nova' }, { name: 'nova-compute', formerly: 'compute' }];

  it('uses the present names', () => {
    const selection = { only: ['compute'], skip: ['nova'], from: { phase: 'compute', step: 'x' } };
    expect(byPresentNames(selection, phases)).toEqual({
      only: ['nova-compute'],
      skip: ['nova'],
      from: { phase: 'nova-compute', step: 'x' },
    });
  });
});

describe('the hosts of a selection', () => {
  const inventory = anInventory({
    hosts: [
      aHost('controller1'),
      aHost('controller2'),
      aHost('compute1', { controller: false, roles: ['compute'] }),
    ],
  });

  it.each([
    ['every host without --limit', undefined, ['controller1', 'controller2', 'compute1']],
    ['one host by its name', ['controller2'], ['controller2']],
    ['the hosts of a role', ['database'], ['controller1', 'controller2']],
    ['controllers by that short name', ['controller'], ['controller1', 'controller2']],
    ['names and roles together, in inventory order', ['compute', 'controller1'], ['controller1', 'compute1']],
  ])('are %s', (_, limit, expected) => {
    expect(selectHosts(inventory, limit).map((host) => host.name)).toEqual(expected);
  });

  it('must exist', () => {
    expect(() => selectHosts(inventory, ['controler1'])).toThrow(
      /neither a host of this inventory nor a role/,
    );
    expect(() => selectHosts(inventory, ['storage'])).toThrow(/no host has the role "storage"/);
  });
});

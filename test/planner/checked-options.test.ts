import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createPlan, type PlanRequest } from '../../src/planner/plan.ts';
import type { SelectionError } from '../../src/planner/selection.ts';
import { step } from '../../src/playbook/step.ts';
import { everyHost, playbook } from '../../src/playbook/playbook.ts';
import { platformOf } from '../../src/platform/index.ts';
import { aHost, anInventory } from '../support/inventory.ts';

const common = { hosts: everyHost, settings: z.strictObject({}), steps: () => [] };
const base = playbook({ ...common, name: 'base', title: 'Base' });
const seen: unknown[] = [];
const database = playbook({
  ...common,
  name: 'database',
  title: 'Database',
  options: {
    'begin-with': {
      what: 'database host',
      step: 'Begin',
      hosts: ({ hosts }) => hosts.filter(({ name }) => name.startsWith('db')),
      loses: ({ name }) => `all but the data of ${name}`,
    },
  },
  steps: ({ options }) => {
    seen.push(options['begin-with']);
    return [step('Begin', () => []), step('Serve', () => [])];
  },
});

const inventory = anInventory({ hosts: ['db1', 'db2', 'web1'].map((name) => aHost(name)) });

function planned(
  options: PlanRequest['options'],
  selection: PlanRequest['selection'] = {},
  playbooks = [base, database],
): ReturnType<typeof createPlan> {
  return createPlan({
    playbooks,
    inventory,
    secrets: {},
    platform: platformOf('debian-12'),
    selection,
    options,
  });
}

describe('an option of a playbook', () => {
  it('is passed to its steps, and the plan lists what it may lose', () => {
    seen.length = 0;
    expect(planned({ 'begin-with': 'db2' }).losses).toEqual([
      { phase: 'database', option: '--begin-with', text: 'all but the data of db2' },
    ]);
    expect(seen).toEqual(['db2']);
  });

  it('is refused if --from skips the step that it takes effect in', () => {
    const from = (id: string) => ({ from: { phase: 'database', step: id } });
    expect(() => planned({ 'begin-with': 'db2' }, from('serve'))).toThrow(
      '--begin-with takes effect in the step "Begin", before the step that --from names',
    );
    expect(planned({ 'begin-with': 'db2' }, from('begin')).losses).toHaveLength(1);
    expect(planned({}, from('serve')).losses).toEqual([]);
  });

  it('loses nothing if it is not given', () => {
    seen.length = 0;
    expect(planned({ 'begin-with': undefined }).losses).toEqual([]);
    expect(seen).toEqual([undefined]);
  });

  it.each<[string, PlanRequest['options'], PlanRequest['selection'], string, string]>([
    [
      'a host that it does not allow',
      { 'begin-with': 'web1' },
      {},
      '--begin-with names "web1", which is not a database host',
      'name one of db1, db2',
    ],
    [
      'an unknown host',
      { 'begin-with': 'db9' },
      {},
      '--begin-with names "db9", which is not a database host',
      'name one of db1, db2',
    ],
    [
      'a run without its phase',
      { 'begin-with': 'db1' },
      { only: ['base'] },
      '--begin-with belongs to the phase database, which is not part of this run',
      'add database to --only, or omit --only, --skip and --from',
    ],
    [
      'a run that excludes the host',
      { 'begin-with': 'db1' },
      { limit: ['db2'] },
      '--begin-with names db1, which --limit excludes',
      'add db1 to --limit',
    ],
  ])('refuses %s', (_, options, selection, message, hint) => {
    expect(() => planned(options, selection)).toThrow(
      expect.objectContaining({ name: 'SelectionError', message, hint }) as SelectionError,
    );
  });

  it('is refused in an inventory without its phase', () => {
    expect(() => planned({ 'begin-with': 'db1' }, {}, [base])).toThrow(
      /a phase that this inventory does not/,
    );
  });
});

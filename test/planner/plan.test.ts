import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createPlan, type PlanRequest } from '../../src/planner/plan.ts';
import type { Operation } from '../../src/playbook/operation.ts';
import { everyHost, playbook, role, token } from '../../src/playbook/playbook.ts';
import { step } from '../../src/playbook/step.ts';
import { platformOf } from '../../src/platform/index.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { anInventory } from '../support/inventory.ts';

const nothing: Operation<string> = {
  scope: 'host',
  title: 'nothing',
  probe: { script: 'true', reads: [], parse: ({ stdout }) => stdout },
  decide: () => [],
};

const base = playbook({
  name: 'base',
  title: 'Base',
  hosts: everyHost,
  settings: z.strictObject({}),
  steps: () => [
    step('Install', nothing),
    step('Install', nothing),
    step('Clean up', nothing, { once: true }),
  ],
});
const galera = playbook({
  name: 'galera',
  title: 'Galera',
  hosts: role('database'),
  needs: ['base'],
  settings: z.strictObject({}),
  frontends: ({ hosts }) => [
    {
      name: 'database',
      vip: 'database',
      port: 3306,
      mode: 'tcp',
      balance: 'leastconn',
      active: 'single',
      servers: hosts.map((host) => ({ host: host.name, address: host.address, port: 3306 })),
    },
  ],
  steps: ({ hosts }) => [step(`Configure ${hosts.length} members`, nothing, { oneAtATime: true })],
});
const haproxy = playbook({
  name: 'haproxy',
  title: 'HAProxy',
  hosts: role('loadbalancer'),
  needs: ['galera'],
  settings: z.strictObject({}),
  steps: ({ frontends }) => [
    step(`Configure ${frontends.map((f) => `${f.name}:${f.servers.length}`).join()}`, nothing),
  ],
});
const ceph = playbook({
  name: 'ceph',
  title: 'Ceph',
  hosts: role('storage'),
  settings: z.strictObject({}),
  steps: () => [step('Install', nothing)],
});

function planOf(
  selection: PlanRequest['selection'] = {},
  playbooks: PlanRequest['playbooks'] = [haproxy, base, galera, ceph],
): ReturnType<typeof createPlan> {
  return createPlan({
    playbooks,
    inventory: anInventory(),
    secrets: {},
    platform: platformOf('debian-12'),
    selection,
  });
}

describe('a plan', () => {
  it('has the phases with hosts in the inventory, each after those it needs', () => {
    expect(planOf().phases.map((phase) => phase.name)).toEqual(['base', 'galera', 'haproxy']);
  });

  it('gives each step an id that is unique in its phase', () => {
    expect(planOf().phases[0]?.steps.map((planned) => planned.id)).toEqual([
      'install',
      'install-2',
      'clean-up',
    ]);
  });

  it('describes the strategy of each step in words', () => {
    const words = planOf().phases.flatMap((phase) => phase.steps.map((planned) => planned.strategy));
    expect(words).toEqual(['in parallel', 'in parallel', 'once', 'one at a time', 'in parallel']);
  });

  it('lists the effects that happen on one host at a time, even if only some hosts have them', () => {
    const book = playbook({
      ...base,
      steps: () => [
        step('Run', (host) => ({
          ...nothing,
          effects: host.name === 'controller3' ? ['starts', 'restarts'] : ['starts'],
        })),
        step('Leave', [
          { ...nothing, effects: ['stops'] },
          { ...nothing, effects: ['stops', 'wipes'] },
        ]),
        step('Start', { ...nothing, effects: ['starts'] }),
      ],
    });
    expect(planOf({}, [book]).phases[0]?.steps.map((planned) => planned.strategy)).toEqual([
      'in parallel, restarts one at a time',
      'in parallel, stops and wipes one at a time',
      'in parallel',
    ]);
  });

  it('limits the hosts that are changed, and not what their configuration contains', () => {
    const limited = planOf({ limit: ['controller2'] });
    const [, database, loadbalancer] = limited.phases;
    expect(limited.hosts.map((host) => host.name)).toEqual(['controller2']);
    expect(database?.steps[0]?.hosts.map((host) => host.name)).toEqual(['controller2']);
    expect(database?.steps[0]?.step.title).toBe('Configure 3 members');
    expect(loadbalancer?.steps[0]?.step.title).toBe('Configure database:3');
  });

  it('puts every service behind HAProxy even if only HAProxy’s phase runs', () => {
    const only = planOf({ only: ['haproxy'] });
    expect(only.phases.map((phase) => phase.name)).toEqual(['haproxy']);
    expect(only.phases[0]?.steps[0]?.step.title).toBe('Configure database:3');
  });

  it('does not wait for phases that were not selected', () => {
    expect(planOf({ only: ['haproxy'] }).phases[0]?.needs).toEqual([]);
    expect(planOf().phases[2]?.needs).toEqual(['galera']);
  });

  it('runs selected phases in parallel if they say so', () => {
    const names = (selection?: PlanRequest['selection']): readonly (readonly string[])[] =>
      planOf(selection, [
        { ...base, wave: 'x' },
        { ...galera, needs: [], wave: 'x' },
        { ...haproxy, wave: 'x' },
      ]).waves.map((wave) => wave.map((phase) => phase.name));
    expect(names()).toEqual([['base', 'galera'], ['haproxy']]);
    expect(names({ skip: ['galera'] })).toEqual([['base', 'haproxy']]);
    expect(planOf().waves.map((wave) => wave.length)).toEqual([1, 1, 1]);
  });

  it('has a manual phase, its health and its ports only if it is named', () => {
    const rotation = { ...galera, manual: true as const, ports: [{ port: 1, process: 'x' }] };
    const phases = (selection?: PlanRequest['selection']): readonly string[] =>
      planOf(selection, [base, rotation]).phases.map((phase) => phase.name);
    expect(phases()).toEqual(['base']);
    expect(phases({ only: ['galera'] })).toEqual(['galera']);
  });

  it('puts the services of manual phases behind HAProxy too', () => {
    const [, loadbalancer] = planOf({}, [base, { ...galera, manual: true }, haproxy]).phases;
    expect(loadbalancer?.steps[0]?.step.title).toBe('Configure database:3');
  });

  it('starts in the middle of a phase with --from PHASE:STEP', () => {
    const plan = planOf({ from: { phase: 'base', step: 'clean-up' } });
    expect(plan.phases[0]?.steps.map((planned) => planned.id)).toEqual(['clean-up']);
    expect(plan.phases[1]?.steps).toHaveLength(1);
  });

  it('refuses an unknown step, and lists the known ones', () => {
    expect(() => planOf({ from: { phase: 'base', step: 'instal' } })).toThrow(/"instal"/);
  });
});

describe('operations that run once', () => {
  const once: Operation<string> = { ...nothing, title: 'account', runsOnce: true };
  const planned = (...operations: readonly Operation[]): readonly string[] => {
    const book = playbook({
      name: 'accounts',
      title: 'Accounts',
      hosts: everyHost,
      settings: z.strictObject({}),
      steps: () => [step('Create accounts', () => operations)],
    });
    const plan = createPlan({
      playbooks: [book],
      inventory: anInventory(),
      secrets: {},
      platform: platformOf('debian-12'),
    });
    return plan.phases.flatMap(({ steps }) => steps.map(({ strategy }) => strategy));
  };

  it('make their step run once', () => {
    expect(planned(once, once)).toEqual(['once']);
    expect(planned(nothing)).toEqual(['in parallel']);
  });

  it('cannot share a step with operations that run on each host', () => {
    expect(() => planned(once, nothing)).toThrow(
      'step "Create accounts": "account" runs once and "nothing" on each host; put them in separate steps',
    );
  });
});

describe('the secrets of a playbook', () => {
  it('are those that it declares, and no others', () => {
    const seen: string[][] = [];
    const spy = (name: string, secrets: readonly string[]) =>
      playbook({
        name,
        title: name,
        hosts: everyHost,
        settings: z.strictObject({}),
        secrets: Object.fromEntries(secrets.map((secret) => [secret, token(secret)])),
        moreSecrets: () => ({ [`${name}More`]: token('more') }),
        steps: (context) => {
          seen.push([name, ...Object.keys(context.secrets)]);
          return [];
        },
      });
    createPlan({
      playbooks: [spy('one', ['shared', 'own']), spy('two', ['shared'])],
      inventory: anInventory({}),
      secrets: Object.fromEntries(
        ['shared', 'own', 'oneMore', 'twoMore', 'stray'].map((name) => [name, new Secret(name, 'value')]),
      ),
      platform: platformOf('debian-12'),
    });
    expect(seen).toEqual([
      ['one', 'shared', 'own', 'oneMore'],
      ['two', 'shared', 'twoMore'],
    ]);
  });
});

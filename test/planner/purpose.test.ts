import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Host } from '../../src/inventory/types.ts';
import * as packages from '../../src/operations/packages.ts';
import * as service from '../../src/operations/service.ts';
import { createPlan, type Plan } from '../../src/planner/plan.ts';
import {
  concernsAllHosts,
  isBackwards,
  isPartOf,
  isWorthwhile,
  spareChecksOf,
  stepsFor,
  type DeclaredSystem,
  type Purpose,
} from '../../src/planner/purpose.ts';
import { platformOf } from '../../src/platform/index.ts';
import { spareCheck, type Life, type Spare } from '../../src/playbook/life.ts';
import type { ClusterOperation, Operation } from '../../src/playbook/operation.ts';
import { everyHost, playbook, type Playbook } from '../../src/playbook/playbook.ts';
import { step, verify, type Step } from '../../src/playbook/step.ts';
import { anInventory } from '../support/inventory.ts';
import { healthy, written } from '../support/operations.ts';

const inventory = anInventory();
const [c1, c2, c3] = inventory.hosts as [Host, Host, Host];
const health = healthy(inventory.hosts);

function aSystem(definition: Partial<Playbook> = {}, name = 'app'): Playbook {
  return playbook({
    name,
    title: name.toUpperCase(),
    hosts: everyHost,
    settings: z.strictObject({}),
    health: () => [health],
    steps: () => [
      step('Configure', written('/etc/app', 'x')),
      step('Run it', [service.running('app'), service.running('helper')], { recovers: true }),
      verify('It answers', health),
    ],
    ...definition,
  });
}

function declared(definition: Partial<Playbook> = {}): DeclaredSystem {
  const system = aSystem(definition);
  const context = {
    inventory,
    hosts: system.hosts(inventory),
    settings: {},
    secrets: {},
    platform: platformOf('debian-12'),
    options: {},
    frontends: [],
    takeovers: [],
  };
  return { playbook: system, context, health: system.health?.(context) ?? [] };
}

/** `title on hosts: operations` of each step. */
const inWords = (steps: readonly Step[]): readonly string[] =>
  steps.map((one) => {
    const hosts = one.hosts?.map(({ name }) => name).join(', ') ?? 'all';
    const [first] = one.hosts ?? [c1];
    const operations =
      one.kind === 'host' && first
        ? one
            .operations(first)
            .map(({ title }) => title)
            .join(', ')
        : one.kind;
    return `${one.title} on ${hosts}: ${operations}`;
  });

const lifeWith = (life: Partial<Life>): Partial<Playbook> => ({
  life: () => ({ okToStop: () => [], ...life }),
});
const moving = {
  drain: ({ name }: Host) => [step(`Empty ${name}`, written('/moved', 'x'), { hosts: [c2, c3] })],
  undrain: ({ name }: Host) => [step(`Fill ${name}`, written('/moved', 'y'), { hosts: [c2, c3] })],
  leave: ({ name }: Host) => [step(`Forget ${name}`, written('/left', 'x'), { hosts: [c2, c3] })],
};

const leaving = (how: 'alive' | 'dead'): Purpose => ({ kind: 'leave', host: c1, how });
const restarting: Purpose = { kind: 'restart', youngerThanSeconds: () => 60 };

describe('the steps of a system', () => {
  type Case = readonly [name: string, Purpose, Partial<Playbook>, readonly string[]];
  it.each<Case>([
    [
      'for a deployment are all of them',
      { kind: 'deploy' },
      {},
      ['Configure on all: write /etc/app', 'Run it on all: app, helper', 'It answers on all: verify'],
    ],
    ['for a drain are none without a life', { kind: 'drain', host: c1 }, {}, []],
    ['for a drain are none where nothing has to move', { kind: 'drain', host: c1 }, lifeWith({}), []],
    [
      'for a drain are those of its life',
      { kind: 'drain', host: c1 },
      lifeWith(moving),
      ['Empty controller1 on controller2, controller3: write /moved'],
    ],
    [
      'for the end of a drain are those of its life',
      { kind: 'undrain', host: c1 },
      lifeWith(moving),
      ['Fill controller1 on controller2, controller3: write /moved'],
    ],
    [
      'to leave stop its units in the opposite order of their start',
      leaving('alive'),
      {},
      ['Stop APP on controller1 on controller1: helper is stopped, app is stopped'],
    ],
    [
      'to leave drain it, stop it and forget it, in this order',
      leaving('alive'),
      lifeWith({ ...moving, units: () => ['one', 'two'] }),
      [
        'Empty controller1 on controller2, controller3: write /moved',
        'Stop APP on controller1 on controller1: two is stopped, one is stopped',
        'Forget controller1 on controller2, controller3: write /left',
      ],
    ],
    [
      'to leave only forget a dead host',
      leaving('dead'),
      lifeWith(moving),
      ['Forget controller1 on controller2, controller3: write /left'],
    ],
    ['to leave are none for what serves the host itself', leaving('alive'), { servesHost: true }, []],
    [
      'to leave stop nothing on a host that it does not run on',
      leaving('alive'),
      { hosts: () => [c2, c3], ...lifeWith(moving) },
      [
        'Empty controller1 on controller2, controller3: write /moved',
        'Forget controller1 on controller2, controller3: write /left',
      ],
    ],
    [
      'to leave are none where its life says that it runs no units',
      leaving('alive'),
      lifeWith({ units: () => [] }),
      [],
    ],
    [
      'to leave do not stop what a cluster runs where it likes',
      leaving('alive'),
      { steps: () => [step('Run it', service.running('app', { start: false }))] },
      [],
    ],
    [
      'to leave stop only what runs on this host, once',
      leaving('alive'),
      {
        steps: () => [
          step('Run it', service.running('app'), { hosts: [c1] }),
          step('Run it again', service.running('app')),
          step('Run another', service.running('other'), { hosts: [c2] }),
        ],
      },
      ['Stop APP on controller1 on controller1: app is stopped'],
    ],
    [
      'to restart are none for what runs nothing',
      restarting,
      { steps: () => [step('Configure', written('/x', 'y'))] },
      [],
    ],
    [
      'to restart have no interlock where one host alone has it',
      restarting,
      { hosts: () => [c2], health: () => [healthy([c2])] },
      [
        'Restart APP on controller2 on controller2: app is restarted, helper is restarted',
        'Wait for APP to be healthy on all: verify',
      ],
    ],
  ])('%s', (_, purpose, definition, expected) => {
    expect(inWords(stepsFor(declared(definition), purpose))).toEqual(expected);
  });

  it('to restart take one host at a time, between the interlock and the health of the whole', () => {
    expect(inWords(stepsFor(declared(), restarting))).toEqual(
      inventory.hosts.flatMap(({ name }) => [
        `Check that APP can spare ${name} on all: cluster`,
        `Restart APP on ${name} on ${name}: app is restarted, helper is restarted`,
        'Wait for APP to be healthy on all: verify',
      ]),
    );
  });

  it('to upgrade take one host at a time, and restart what runs an older version', () => {
    const steps = stepsFor(
      declared({
        steps: () => [
          step('Install', packages.installed(['app-server'])),
          step('Run it', service.running('app')),
        ],
      }),
      { kind: 'upgrade' },
    );
    expect(inWords(steps)).toEqual([
      'Fetch the package lists for APP on controller1, controller2, controller3: recent package lists',
      ...inventory.hosts.flatMap(({ name }) => [
        `Check that APP can spare ${name} on all: cluster`,
        `Upgrade APP on ${name} on ${name}: app-server as offered, app runs what is installed`,
        'Wait for APP to be healthy on all: verify',
      ]),
    ]);
  });

  it('to upgrade are none for what installs no package', () => {
    expect(stepsFor(declared(), { kind: 'upgrade' })).toEqual([]);
  });

  it('for a recovery place no files', () => {
    const placing: Operation = {
      ...written('/etc/app', 'x'),
      places: { path: '/etc/app', content: 'x', mode: 0o644 },
    };
    const steps = stepsFor(
      declared({ steps: () => [step('Heal', [placing, service.running('app')], { recovers: true })] }),
      { kind: 'recover' },
    );
    expect(inWords(steps)).toEqual(['Heal on all: app']);
  });
});

describe('a step of a recovery', () => {
  const recovers = step('Heal', written('/x', 'y'), { recovers: true });
  const deploys = step('Configure', written('/x', 'y'));
  const own = verify('It answers', health);
  const others = verify('Its clients work', health, { awaitsOthers: true });
  it.each([
    ['recovers', recovers, true],
    ['only configures', deploys, false],
    ['verifies the system', own, true],
    ['verifies others', others, false],
  ])('that %s is part of it: %j', (_, one, expected) => {
    expect(isPartOf({ kind: 'recover' }, one)).toBe(expected);
    expect(isPartOf({ kind: 'deploy' }, one)).toBe(true);
    expect(isPartOf({ kind: 'drain', host: c1 }, one)).toBe(true);
  });

  it('makes its phase worthwhile, and a verification alone does not', () => {
    expect(isWorthwhile({ kind: 'recover' }, [recovers, own])).toBe(true);
    expect(isWorthwhile({ kind: 'recover' }, [own])).toBe(false);
    expect(isWorthwhile({ kind: 'deploy' }, [])).toBe(true);
    expect(isWorthwhile({ kind: 'drain', host: c1 }, [])).toBe(false);
    expect(isWorthwhile(restarting, [own])).toBe(true);
  });
});

describe('the order and the hosts of a plan', () => {
  it.each<[Purpose, boolean, boolean]>([
    [{ kind: 'deploy' }, false, true],
    [{ kind: 'recover' }, false, true],
    [{ kind: 'drain', host: c1 }, true, false],
    [{ kind: 'undrain', host: c1 }, false, false],
    [leaving('alive'), true, false],
    [leaving('dead'), true, false],
    [restarting, false, false],
  ])('for %j: backwards %j, all hosts %j', (purpose, backwards, allHosts) => {
    expect([isBackwards(purpose), concernsAllHosts(purpose)]).toEqual([backwards, allHosts]);
  });

  const named = (name: string, definition: Partial<Playbook>): Playbook => aSystem(definition, name);
  const planOf = (purpose: Purpose): Plan =>
    createPlan({
      playbooks: [
        named('database', { ...lifeWith(moving), wave: 'base' }),
        named('broker', { ...lifeWith(moving), wave: 'base' }),
        named('idle', { needs: ['database'], steps: () => [] }),
        named('balancer', { ...lifeWith(moving), needs: ['idle', 'database', 'broker'] }),
      ],
      inventory,
      secrets: {},
      platform: platformOf('debian-12'),
      purpose,
    });
  const drawn = ({ waves }: Plan): readonly string[] =>
    waves.map((wave) => wave.map(({ name, needs }) => `${name} after [${needs.join()}]`).join(' and '));

  it('of a drain is that of a deployment reversed: what depends on others gives way first', () => {
    expect(drawn(planOf({ kind: 'drain', host: c1 }))).toEqual([
      'balancer after []',
      'database after [balancer] and broker after [balancer]',
    ]);
  });

  it('of its end is that of a deployment', () => {
    const plan = planOf({ kind: 'undrain', host: c1 });
    expect(plan.waves.map((wave) => wave.map(({ name }) => name))).toEqual([
      ['database', 'broker'],
      ['balancer'],
    ]);
    expect(plan.phases.at(-1)?.needs).toEqual(expect.arrayContaining(['database', 'broker']));
  });

  it('has no hosts but those with steps', () => {
    expect(planOf({ kind: 'drain', host: c1 }).hosts).toEqual([c2, c3]);
    expect(planOf(leaving('alive')).hosts).toEqual([c1, c2, c3]);
    expect(planOf(leaving('dead')).hosts).toEqual([c2, c3]);
    expect(planOf({ kind: 'recover' }).hosts).toEqual([c1, c2, c3]);
  });
});

describe('whether a system can spare a host', () => {
  const saying = (evidence: string, verdict: Spare['verdict'] = 'spared') =>
    spareCheck({
      members: inventory.hosts,
      probe: (member) => health.probe(member),
      judge: () => ({ verdict, evidence }),
    });
  const evidence = (definition: Partial<Playbook>, question: 'okToStop' | 'okToDrain', host = c1) =>
    spareChecksOf(declared(definition), host, question).map((check) => check.judge(new Map()).evidence);

  const stop = { okToStop: () => [saying('stop')] };
  it.each<[string, Partial<Playbook>, 'okToStop' | 'okToDrain', readonly string[]]>([
    ['its life says, to be stopped', lifeWith(stop), 'okToStop', ['stop']],
    [
      'its life says, to be drained',
      lifeWith({ ...stop, okToDrain: () => [saying('drain')] }),
      'okToDrain',
      ['drain'],
    ],
    [
      'a drain asks for no more than its life does',
      lifeWith({ ...stop, okToDrain: () => [] }),
      'okToDrain',
      [],
    ],
    ['a drain asks what a stop asks by default', lifeWith(stop), 'okToDrain', ['stop']],
    ['a stop never asks what a drain asks', lifeWith({ ...stop, okToDrain: () => [] }), 'okToStop', ['stop']],
    [
      'it is not asked about a host that it does not run on',
      { hosts: () => [c2], ...lifeWith(stop) },
      'okToStop',
      [],
    ],
    [
      'its health says where it has no life',
      {},
      'okToStop',
      ['healthy on no other host (controller2: no answer; controller3: no answer)'],
    ],
  ])('%s', (_, definition, question, expected) => {
    expect(evidence(definition, question)).toEqual(expected);
  });

  it.each<[Spare, object]>([
    [{ verdict: 'spared', evidence: '2 remain' }, { verdict: 'converged' }],
    [
      { verdict: 'needed', evidence: '1 remains', hint: 'start the others' },
      { verdict: 'refuse', reason: 'controller1 cannot be spared: 1 remains', hint: 'start the others' },
    ],
    [
      { verdict: 'unknown', evidence: 'none answers' },
      {
        verdict: 'refuse',
        reason: 'controller1 cannot be spared: none answers',
        hint: 'ask all systems: osha ok-to-stop INVENTORY controller1',
      },
    ],
  ])('decides whether a restart continues: %j', (spare, decision) => {
    const check = spareCheck({
      members: inventory.hosts,
      probe: (member) => health.probe(member),
      judge: () => spare,
    });
    const [interlock] = stepsFor(
      declared(lifeWith({ okToStop: () => [check], units: () => ['app'] })),
      restarting,
    );
    if (interlock?.kind !== 'cluster') throw new Error('there is no interlock');
    const operation: ClusterOperation = interlock.operation;
    expect(operation.decidesWithoutUnreachable).toBe(true);
    expect(operation.decide(new Map())).toEqual(decision);
  });
});

import fc from 'fast-check';
import { describe, expect } from 'vitest';
import keepalived from '../../playbooks/keepalived/playbook.ts';
import type { UnitState } from '../../src/operations/unit-state.ts';
import { contextOf } from '../playbooks/context.ts';
import { anInventory } from '../support/inventory.ts';
import { CASES, everyCase, everyHistory } from './every-case.ts';
import { CONF, MACHINES, VIP } from './keepalived-hosts.ts';
import { World, type Event } from './keepalived-model.ts';

const EVENTS: readonly Event[] = [
  'crash',
  'boot',
  'silence',
  'answer',
  'stop',
  'disable',
  'start',
  'remove',
  'demote',
  'add',
  'part',
  'heal',
  'lose the disk',
];

/** An event on a machine, or a deployment with the machines in `--limit`. */
type Act = readonly ['event', Event, number] | readonly ['deploy', number, number] | readonly ['rotate'];

const act = fc.nat({ max: EVENTS.length * 4 + 30 }).map((number): Act => {
  if (number < EVENTS.length * 4)
    return ['event', EVENTS[number % EVENTS.length]!, Math.floor(number / EVENTS.length)];
  const rest = number - EVENTS.length * 4;
  if (rest > 28) return ['rotate'];
  // Mostly a complete deployment; sometimes with --limit or a full disk.
  return ['deploy', rest < 16 ? 15 : rest - 15, rest % 7 === 6 ? rest % 3 : -1];
});
const history = fc.array(act, { minLength: 2, maxLength: 6 });

/** Three machines, deployed and healthy. */
const healthy = new World();
healthy.deploy();

/** Healthy requires a single holder, as far as reachable hosts see the network. */
function expectJudgedRight(world: World): void {
  const asked = world.holders.filter((index) => world.machine(index).up && world.machine(index).reachable);
  const seen = world
    .holding()
    .filter((index) => asked.some((one) => world.machine(one).side === world.machine(index).side));
  const well = world.judged().every((finding) => finding.healthy);
  if (well && (seen.length !== 1 || !world.holders.includes(seen[0] ?? -1))) {
    throw new Error(`healthy, and held by ${seen.map((index) => MACHINES[index]!.name).join(' and ')}`);
  }
}

function perform(world: World, what: Act): void {
  if (what[0] === 'event') world.happen(what[1], what[2]);
  else if (what[0] === 'rotate') world.password += 1;
  else world.deploy(limitOf(world, what[1]), what[2]);
}

function limitOf(world: World, bits: number): readonly number[] {
  return bits === 15 ? world.listed : world.listed.filter((index) => (bits & (1 << index)) !== 0);
}

describe('keepalived', () => {
  everyHistory(
    'keepalived',
    'no deployment makes a second host hold the address, immediately or when a host returns, and two holders are never healthy',
    history,
    (acts) => {
      const world = healthy.copy();
      // Exceptions: a former holder with an old password or unknown to the others, and a holder that loads a new file at its
      // next boot that could not be written on another host.
      let forgotten = false;
      for (const what of acts) {
        const before = what[0] === 'deploy' ? world.mostOnOneSide() : 0;
        world.afterStep = () => {
          const now = world.mostOnOneSide();
          if (now > Math.max(1, before)) throw new Error(`${now} hold it after ${world.done.join('; ')}`);
        };
        perform(world, what);
        forgotten ||=
          what[0] === 'rotate' ||
          (what[0] === 'deploy' && what[2] >= 0) ||
          (what[0] === 'event' && what[1] === 'lose the disk');
        if (!forgotten && world.mostOnOneSide() > 1)
          throw new Error(`${world.holding().join(' and ')} hold it`);
      }
      expectJudgedRight(world);
    },
    // Its decisions are tested only in histories.
    CASES,
  );

  everyHistory(
    'keepalived',
    'once all hosts answer and no former holder runs, a deployment makes it healthy and another one is converged',
    history,
    (acts) => {
      const world = healthy.copy();
      for (const what of acts) perform(world, what);
      for (const [index, machine] of world.machines.entries()) {
        Object.assign(machine, { up: true, reachable: true, side: 0 });
        if (!world.listed.includes(index)) machine.runs = false;
      }
      const first = world.deploy();
      const second = world.deploy();
      expect([first, second]).toEqual(['done', 'done']);
      expect(world.done).toEqual([]);
      expect(world.judged().filter(({ healthy }) => !healthy)).toEqual([]);
      expect(world.holding()).toEqual([world.holders[0]]);
    },
  );

  const vips = [{ ...VIP, holders: ['controller1', 'controller2', 'controller3'] }];
  const inventory = anInventory({ vips });
  const steps = keepalived
    .steps(contextOf(keepalived, { inventory }))
    .flatMap((step) =>
      step.kind === 'host' && step.title === 'Run keepalived'
        ? [{ strategy: step.strategy.kind, operation: step.operations(inventory.hosts[0]!)[0]! }]
        : [],
    );
  const unit = fc.nat({ max: 4 * 27 - 1 }).map((number): UnitState => {
    const active = ['active', 'inactive', 'failed', 'activating'][number % 4]!;
    const [conf, env, started] = [
      Math.floor(number / 4) % 3,
      Math.floor(number / 12) % 3,
      Math.floor(number / 36),
    ];
    return {
      active,
      sub: '',
      masked: false,
      isInstalled: true,
      boot: 'enabled',
      startedAt: started,
      loadedAt: started,
      reloadFailed: false,
      managed: false,
      now: 4,
      changed: new Map([
        [CONF, conf],
        ['/etc/default/keepalived', env],
      ]),
    };
  });

  everyCase(
    'keepalived',
    'running instances restart on one host at a time',
    fc.tuple(unit, unit, unit),
    (units) => {
      expect(steps.length).toBe(1);
      const { strategy, operation } = steps[0]!;
      const disturbed = units.filter((state) =>
        operation.decide(state).some(({ summary }) => /^(restart|stop)/.test(summary)),
      );
      if (disturbed.length > 1) expect(strategy).toBe('oneAtATime');
    },
  );
});

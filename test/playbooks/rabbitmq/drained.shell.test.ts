import { describe, expect, it } from 'vitest';
import { maintenance, parseMaintenance } from '../../../playbooks/rabbitmq/drained.ts';
import { platformOf } from '../../../src/platform/index.ts';
import { aHost } from '../../support/inventory.ts';
import { inFolder } from '../../operations/fake-commands.ts';
import { runHere } from '../../operations/local.ts';

const of = (wanted: 'drained' | 'ready') => maintenance(platformOf('debian-12'), aHost('c1'), wanted);

describe('what a node says about its maintenance mode:', () => {
  it.each([
    ['true\n', 'drained'],
    ['false\n', 'ready'],
    ['warning: the file descriptor limit is low\ntrue\n', 'drained'],
    ['Error: unable to perform an operation on node rabbit@c1\ndown\n', 'down'],
  ])('%j means %s', (output, expected) => {
    expect(parseMaintenance(output)).toBe(expected);
  });

  it.each(['', 'Error: {:badrpc, :timeout}\n', '{error,undef}\n'])('%j is an error', (output) => {
    expect(() => parseMaintenance(output)).toThrow('does not say whether it is in maintenance mode');
  });
});

describe('the maintenance mode of a node', () => {
  it.each([
    ['drained', 'ready', ['put c1 in maintenance mode']],
    ['drained', 'drained', []],
    ['ready', 'drained', ['end the maintenance mode of c1']],
    ['ready', 'ready', []],
    // It ends when the node starts, and a node that does not run serves nobody.
    ['drained', 'down', []],
    ['ready', 'down', []],
  ] as const)('wanted %s, is %s: %j', (wanted, state, summaries) => {
    expect(
      of(wanted)
        .decide(state)
        .map(({ summary }) => summary),
    ).toEqual(summaries);
  });

  it('is ended by revive, and begun by drain', () => {
    const scripts = (['drained', 'ready'] as const).map(
      (wanted) => of(wanted).decide(wanted === 'drained' ? 'ready' : 'drained')[0]?.script,
    );
    expect(scripts).toEqual([
      'rabbitmq-upgrade -q drain </dev/null',
      'rabbitmq-upgrade -q revive </dev/null',
    ]);
  });
});

describe('the probe of the maintenance mode', () => {
  const answers = { yes: 'echo true', no: 'echo false', fails: 'echo "Error: nodedown" >&2; exit 69' };
  const active = { yes: 'exit 0', no: 'exit 3' };
  it.each<[string, keyof typeof answers, keyof typeof active, string]>([
    ['is in the mode', 'yes', 'yes', 'drained'],
    ['serves clients', 'no', 'yes', 'ready'],
    ['does not run', 'fails', 'no', 'down'],
    // Such as a node whose unit has failed and that runs nevertheless.
    ['answers, though its unit is not active', 'no', 'no', 'ready'],
  ])('finds a node that %s', (_, answer, unit, expected) => {
    const { probe } = of('drained');
    inFolder({ rabbitmqctl: answers[answer], systemctl: active[unit] }, (_folder, path) => {
      expect(probe.parse(runHere(`${path}\n${probe.script}`))).toBe(expected);
    });
  });

  it('does not know the mode of a node that runs and does not answer', () => {
    const { probe } = of('drained');
    inFolder({ rabbitmqctl: answers.fails, systemctl: active.yes }, (_folder, path) => {
      expect(() => probe.parse(runHere(`${path}\n${probe.script}`))).toThrow(
        'does not say whether it is in maintenance mode: Error: nodedown',
      );
    });
  });
});

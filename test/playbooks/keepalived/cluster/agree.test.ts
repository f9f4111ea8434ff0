import { describe, expect, it } from 'vitest';
import { agreed, reloaded } from '../../../../playbooks/keepalived/cluster/agree.ts';
import type { HolderView, InstanceView } from '../../../../playbooks/keepalived/cluster/observe.ts';
import { settings } from '../../../../playbooks/keepalived/settings.ts';
import * as file from '../../../../src/operations/file.ts';
import { parseUnitState, type UnitState } from '../../../../src/operations/unit-state.ts';
import type { Answer } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';
import { instance, kept, observing, says, type Says } from '../vips.ts';

const hosts = [aHost('controller1'), aHost('controller2'), aHost('controller3')];
const vip = kept('api', 20);
const CONF = '/etc/keepalived/keepalived.conf';

const operation = agreed(hosts, { ...observing([vip], { hosts }), settings: settings.parse({}) }, () =>
  file.content(CONF, { content: 'new\n' }),
);

/** The hosts whose files are changed at the same time, where each of the three answers that. */
function changed(given: readonly Says[]): readonly string[] {
  const answers = hosts.map(({ name }, index) => [name, says(11 + index, given[index])] as const);
  const decision = operation.decide(new Map(answers));
  const stages = decision.verdict === 'change' ? decision.stages : [];
  expect(stages.length).toBeLessThan(2);
  return stages.flat().map(({ host, change }) => `${host}: ${change.summary}`);
}

const all = [instance([11, 12, 13])];
const on = (...names: readonly string[]): readonly string[] => names.map((name) => `${name}: change ${CONF}`);
const everywhere = on('controller1', 'controller2', 'controller3');

describe('shared settings', () => {
  it.each([
    ['are left alone when equal', [{ instances: all }, { instances: all }, { instances: all }], []],
    ['skip hosts without a file', [{}, {}, {}], []],
    [
      'change on all hosts at the same time',
      [11, 12, 13].map(() => ({ instances: all, samePassword: false })),
      everywhere,
    ],
    [
      'change in a file that differs',
      [{ instances: all }, { instances: [instance([11, 12, 13], { advertSeconds: 5 })] }, { instances: all }],
      on('controller2'),
    ],
    [
      'change on hosts that do not list a new holder, before it gets a file',
      [{ instances: [instance([11, 12])] }, { instances: [instance([11, 12])] }, {}],
      on('controller1', 'controller2'),
    ],
  ])('%s', (_name, given, expected) => {
    expect(changed(given)).toEqual(expected);
  });
});

/** A host whose keepalived started at 1000, and its file changed at `changed`. */
function loaded(
  last: number,
  changed: number,
  given: Says = {},
  active = 'active',
): Answer<{ unit: UnitState; view: HolderView }> {
  const stdout = `ActiveState=${active}\nStateChangeTimestamp=Thu 1970-01-01 00:16:40 UTC\nnow=3000\nchanged=${changed} ${CONF}\n`;
  const unit = parseUnitState('keepalived', { stdout, stderr: '', exitCode: 0 });
  const answer = says(last, { instances: [instance([11, 12])], ...given });
  if (!answer.reachable) throw new Error('it is reachable');
  return { reachable: true, observed: { unit, view: answer.observed } };
}

const other: InstanceView = instance([11, 12], { advertSeconds: 5 });
const newer = `reload keepalived (${CONF} is newer)`;
const waits = 'reload keepalived (waits until the files of all holders agree)';

describe('reloading keepalived', () => {
  const pair = hosts.slice(0, 2);
  const shared = kept('api', 20, { holders: ['controller1', 'controller2'] });
  const reload = reloaded(pair, { ...observing([shared], { hosts: pair }), settings: settings.parse({}) });

  it.each([
    ['is skipped when all have loaded their files', [loaded(11, 900), loaded(12, 900)], []],
    [
      'is done on all hosts at once',
      [loaded(11, 2000), loaded(12, 2000)],
      [
        ['controller1', newer],
        ['controller2', newer],
      ],
    ],
    [
      'is done on one host when the files agree',
      [loaded(11, 2000), loaded(12, 900)],
      [['controller1', newer]],
    ],
    [
      'waits for a host whose file still has another interval',
      [loaded(11, 2000), loaded(12, 900, { instances: [other] })],
      [
        ['controller1', newer],
        ['controller2', waits],
      ],
    ],
    [
      'waits for a host whose file still has another password',
      [loaded(11, 2000), loaded(12, 900, { samePassword: false })],
      [
        ['controller1', newer],
        ['controller2', waits],
      ],
    ],
    [
      'is skipped on a host where it is not running',
      [loaded(11, 2000), loaded(12, 900, {}, 'inactive')],
      [['controller1', newer]],
    ],
  ] as const)('%s', (_name, answers, expected) => {
    const decision = reload.decide(new Map(pair.map(({ name }, index) => [name, answers[index]!] as const)));
    const stages = decision.verdict === 'change' ? decision.stages : [];
    expect(stages.length).toBe(expected.length === 0 ? 0 : 1);
    expect(stages.flat().map(({ host, change }) => [host, change.summary])).toEqual(expected);
  });

  it('observes the unit and the file in one script', () => {
    const probe = reload.probe(pair[0]!);
    const stdout = `ActiveState=active\nnow=3000\n-- holder\nunit=active\naddress=127.0.0.1/8\n`;
    const { unit, view } = probe.parse({ stdout, stderr: '', exitCode: 0 });
    expect([unit.active, view.unit]).toEqual(['active', 'active']);
    expect(probe.script).toContain("echo '-- holder'\n");
    expect(probe.script).not.toContain('perl');
  });
});

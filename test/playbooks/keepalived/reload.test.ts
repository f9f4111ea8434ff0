import { describe, expect, it } from 'vitest';
import { reloaded } from '../../../playbooks/keepalived/reload.ts';
import { settings } from '../../../playbooks/keepalived/settings.ts';
import type { InstanceView } from '../../../playbooks/keepalived/cluster/observe.ts';
import { parseUnitState, type UnitState } from '../../../src/operations/unit-state.ts';
import type { HolderView } from '../../../playbooks/keepalived/cluster/observe.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import { aHost } from '../../support/inventory.ts';
import { instance, kept, observing, says, type Says } from './vips.ts';

const hosts = [aHost('controller1'), aHost('controller2')];
const vip = kept('api', 20, { holders: ['controller1', 'controller2'] });
const CONF = '/etc/keepalived/keepalived.conf';

const operation = reloaded(hosts, { ...observing([vip], { hosts }), settings: settings.parse({}) });

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
const waits = 'reload keepalived (its file has to agree with those of the other holders)';

describe('the configuration of keepalived is taken over', () => {
  it.each([
    ['by nobody where all have', [loaded(11, 900), loaded(12, 900)], []],
    [
      'by all of them at once',
      [loaded(11, 2000), loaded(12, 2000)],
      [
        ['controller1', newer],
        ['controller2', newer],
      ],
    ],
    ['by one alone where they agree', [loaded(11, 2000), loaded(12, 900)], [['controller1', newer]]],
    [
      'by nobody before one whose file has another interval still',
      [loaded(11, 2000), loaded(12, 900, { instances: [other] })],
      [
        ['controller1', newer],
        ['controller2', waits],
      ],
    ],
    [
      'by nobody before one whose file has another password still',
      [loaded(11, 2000), loaded(12, 900, { samePassword: false })],
      [
        ['controller1', newer],
        ['controller2', waits],
      ],
    ],
    [
      'not by one that does not run',
      [loaded(11, 2000), loaded(12, 900, {}, 'inactive')],
      [['controller1', newer]],
    ],
  ] as const)('%s', (_name, answers, expected) => {
    const decision = operation.decide(
      new Map(hosts.map(({ name }, index) => [name, answers[index]!] as const)),
    );
    const stages = decision.verdict === 'change' ? decision.stages : [];
    expect(stages.length).toBe(expected.length === 0 ? 0 : 1);
    expect(stages.flat().map(({ host, change }) => [host, change.summary])).toEqual(expected);
  });

  it('asks for both in one script, and understands the answer', () => {
    const probe = operation.probe(hosts[0]!);
    const stdout = `ActiveState=active\nnow=3000\n-- holder\nunit=active\naddress=127.0.0.1/8\n`;
    const { unit, view } = probe.parse({ stdout, stderr: '', exitCode: 0 });
    expect([unit.active, view.unit]).toEqual(['active', 'active']);
    expect(probe.script).toContain("echo '-- holder'\n");
    expect(probe.script).not.toContain('perl');
  });
});

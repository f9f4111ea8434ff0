import { describe, expect, it } from 'vitest';
import { agreed } from '../../../../playbooks/keepalived/cluster/agree.ts';
import { settings } from '../../../../playbooks/keepalived/settings.ts';
import * as file from '../../../../src/operations/file.ts';
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

describe('what holders must agree on', () => {
  it.each([
    [
      'is left as it is where it is the same',
      [{ instances: all }, { instances: all }, { instances: all }],
      [],
    ],
    ['is no matter of a host without a file', [{}, {}, {}], []],
    [
      'changes on all of them at the same time',
      [11, 12, 13].map(() => ({ instances: all, samePassword: false })),
      everywhere,
    ],
    [
      'changes where a file does not have it',
      [{ instances: all }, { instances: [instance([11, 12, 13], { advertSeconds: 5 })] }, { instances: all }],
      on('controller2'),
    ],
    [
      'is changed on those that do not know a new holder, before it gets a file',
      [{ instances: [instance([11, 12])] }, { instances: [instance([11, 12])] }, {}],
      on('controller1', 'controller2'),
    ],
  ])('%s', (_name, given, expected) => {
    expect(changed(given)).toEqual(expected);
  });
});

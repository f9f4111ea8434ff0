import { describe, expect, it } from 'vitest';
import type { MemberView } from '../../../../playbooks/pacemaker/cluster/health-cluster.ts';
import {
  type Monitor,
  parseMonitor,
  RUNNING,
} from '../../../../playbooks/pacemaker/cluster/resource-state.ts';
import { decideStanding, standing, type Standing } from '../../../../playbooks/pacemaker/cluster/standby.ts';
import type { Answer } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';

const NAMES = ['c1', 'c2', 'c3'];
const away: Answer<MemberView> = { reachable: false, reason: 'timed out' };

function view(monitor: Monitor | undefined): Answer<MemberView> {
  return {
    reachable: true,
    observed: { addresses: new Set(), made: new Set(), constraints: [], ...(monitor && { monitor }) },
  };
}

/** What a member sees: c1 in this condition, with these resources on it; the others are online. */
function seen(
  condition: string | undefined,
  on: readonly string[] = [],
  differences: Partial<Monitor> = {},
): Answer<MemberView> {
  const members = new Map(NAMES.map((name) => [name, 'online']));
  if (condition === undefined) members.delete('c1');
  else members.set('c1', condition);
  return view({
    members,
    online: new Set([...members].flatMap(([name, now]) => (now === 'online' ? [name] : []))),
    standby: new Set(condition === 'standby' ? ['c1'] : []),
    hasCoordinator: true,
    quorate: true,
    fencing: false,
    maintenance: false,
    stopsAll: false,
    runsOn: new Map([
      ['haproxy', new Set(['c2', 'c3'])],
      ...on.map((id) => [id, new Set(['c1', ...(id === 'haproxy' ? ['c2', 'c3'] : [])])] as const),
    ]),
    groups: new Map(),
    agents: new Map([['ipmi2', 'stonith:fence_ipmilan']]),
    failed: new Map(),
    unmanaged: new Set(),
    ...differences,
  });
}

const stopped = view(undefined);
const all = (answer: Answer<MemberView>): readonly Answer<MemberView>[] => [answer, answer, answer];

/** `host: what it does (why)`, the reason of a refusal, or "converged". */
function decided(wanted: Standing, answers: readonly Answer<MemberView>[]): string {
  const decision = decideStanding(
    'c1',
    wanted,
    new Map(NAMES.map((name, at) => [name, answers[at] ?? away])),
  );
  if (decision.verdict === 'refuse') return `refused: ${decision.reason}; ${decision.hint}`;
  if (decision.verdict === 'converged') return 'converged';
  const changes = decision.stages.flat().map(({ host, change }) => `${host}: ${change.summary}`);
  return `${changes.join(', ')} (${decision.because})`;
}

type Case = readonly [
  name: string,
  wanted: Standing,
  answers: readonly Answer<MemberView>[],
  expected: string,
];

const keptInStandby: Partial<Monitor> = { standby: new Set(['c1']) };
const noQuorum =
  'refused: no member reports a cluster with quorum; start it first: osha recover INVENTORY pacemaker';
const notOrderly = (condition: string): string =>
  `refused: c1 is ${condition} in the cluster: its resources cannot be moved in an orderly way; ` +
  'bring it back first: osha deploy INVENTORY --only pacemaker';

const cases: readonly Case[] = [
  [
    'an online member with resources goes to standby',
    'standby',
    all(seen('online', ['vip-api', 'haproxy'])),
    'c1: put c1 in standby (haproxy, vip-api on c1)',
  ],
  [
    'an online member without resources too: it may get some',
    'standby',
    all(seen('online')),
    'c1: put c1 in standby (c1 may get resources)',
  ],
  [
    'a fence device does not count: it is used from anywhere',
    'standby',
    all(seen('standby', ['ipmi2'])),
    'converged',
  ],
  ['a member in standby without resources is left alone', 'standby', all(seen('standby')), 'converged'],
  [
    'a member in standby that still runs something is waited for again',
    'standby',
    all(seen('standby', ['vip-api'])),
    'c1: put c1 in standby (vip-api on c1)',
  ],
  [
    'the first member that sees a quorum carries it out',
    'standby',
    [away, stopped, seen('online', ['vip-api'])],
    'c3: put c1 in standby (vip-api on c1)',
  ],
  [
    'a member cut off without quorum is not believed',
    'standby',
    [seen('online', ['vip-api'], { quorate: false }), seen('unclean'), seen('unclean')],
    notOrderly('unclean'),
  ],
  [
    'an offline member gets no resources when it returns',
    'standby',
    all(seen('offline')),
    'c1: put c1 in standby (c1 may get resources)',
  ],
  [
    'a member that has stopped in standby is left alone: its removal can be repeated',
    'standby',
    [stopped, seen('offline', [], keptInStandby), seen('offline', [], keptInStandby)],
    'converged',
  ],
  ['an unclean member is refused', 'standby', all(seen('unclean')), notOrderly('unclean')],
  ['a member that joins is refused', 'standby', all(seen('pending')), notOrderly('pending')],
  ['a member in maintenance is refused', 'standby', all(seen('maintenance')), notOrderly('maintenance')],
  [
    'a member in standby after a failure is refused',
    'standby',
    all(seen('standby on failure')),
    notOrderly('standby on failure'),
  ],
  ['an unknown member is refused', 'standby', all(seen(undefined)), notOrderly('not a member')],
  ['without quorum nothing is moved', 'standby', all(seen('online', [], { quorate: false })), noQuorum],
  ['where Pacemaker runs nowhere nothing is moved', 'standby', all(stopped), noQuorum],
  ['where no member answers nothing is moved', 'standby', all(away), noQuorum],
  [
    'a member in standby comes back',
    'online',
    all(seen('standby')),
    'c1: end the standby of c1 (c1 is in standby)',
  ],
  [
    'another member ends the standby of one that is down',
    'online',
    [away, seen('standby'), seen('standby')],
    'c2: end the standby of c1 (c1 is in standby)',
  ],
  ['an online member stays', 'online', all(seen('online', ['vip-api'])), 'converged'],
  ['what the operator holds in maintenance stays', 'online', all(seen('maintenance')), 'converged'],
  ['a standby after a failure is not ended', 'online', all(seen('standby on failure')), 'converged'],
  ['an offline member without standby stays', 'online', all(seen('offline')), 'converged'],
  [
    'an offline member runs resources again when it returns',
    'online',
    [stopped, seen('offline', [], keptInStandby), away],
    'c2: end the standby of c1 (c1 is in standby)',
  ],
  ['without quorum no standby is ended', 'online', all(seen('standby', [], { quorate: false })), noQuorum],
];

describe('the standby of a member:', () => {
  it.each(cases)('%s', (_, wanted, answers, expected) => {
    expect(decided(wanted, answers)).toBe(expected);
  });

  it.each<[Standing, string]>([
    ['standby', "pcs node standby 'c1' --wait=$((300*"],
    ['online', "pcs node unstandby 'c1' --wait=$((300*"],
  ])('%s waits until resources have settled', (wanted, script) => {
    const answer = seen(wanted === 'standby' ? 'online' : 'standby');
    const decision = decideStanding('c1', wanted, new Map([['c1', answer]]));
    if (decision.verdict !== 'change') throw new Error('nothing was decided');
    const [change] = decision.stages.flat().map((one) => one.change);
    expect(change?.script.replaceAll("'", '')).toContain(script.replaceAll("'", ''));
    expect(change?.timeoutMs).toBeGreaterThan(300_000);
    expect(change?.touches).toContain(RUNNING);
  });

  it('is read from a member that is down too', () => {
    const node = (name: string, rest: string): string => `<node name="${name}" ${rest}/>`;
    const xml = `<crm_mon><nodes>${node('c1', 'online="false" standby="true"')}${node('c2', 'online="true" standby="false"')}${node('c3', 'online="true" standby="true"')}</nodes></crm_mon>`;
    const monitor = parseMonitor(xml);
    expect([...monitor.standby]).toEqual(['c1', 'c3']);
    expect([...monitor.members.values()]).toEqual(['offline', 'online', 'standby']);
  });

  it('is decided while members are unreachable', () => {
    const operation = standing(
      NAMES.map((name) => aHost(name)),
      'c1',
      'standby',
    );
    expect(operation).toMatchObject({ decidesWithoutUnreachable: true, title: 'c1 is in standby' });
  });
});

import fc from 'fast-check';
import { describe } from 'vitest';
import { decideMembers } from '../../playbooks/etcd/cluster/decide.ts';
import { isForming, mayServe, membersOf, type Member } from '../../playbooks/etcd/cluster/members.ts';
import type { MemberObservation } from '../../playbooks/etcd/cluster/observe.ts';
import type { Answer, Answers, ClusterDecision } from '../../src/playbook/operation.ts';
import {
  alone,
  deaf,
  forming,
  formationOf,
  fresh,
  initialClusterOf,
  live,
  NOTHING,
  outdated,
  said,
  silent,
  starting,
  stopped,
  unreadable,
  type Said,
} from '../playbooks/etcd/cluster/observations.ts';
import { aHost } from '../support/inventory.ts';
import { everyCase, everyHistory, expectSafe, has, type Safety } from './every-case.ts';
import { CONTEXT, History } from './etcd-model.ts';

const HOSTS = ['e1', 'e2', 'e3', 'e4', 'e5'].map((name) => aHost(name));

/** One variation of a member's answer. */
const but =
  (one: Said, overrides: Partial<MemberObservation>): Said =>
  (name) => ({ ...said(one, name), ...overrides });

/** All answers of a member that a decision distinguishes. */
const SAYINGS: readonly Said[] = [
  'no route to host',
  fresh,
  live('e1 e2 e3'),
  live('e1 e2 e3', { index: 60 }),
  live('e1 e2'),
  live('e1'),
  live('e1 e2 e3 e4 e5'),
  live('e1 e2 e3!'),
  live('e1 e2 (e3)'),
  live('e1 e2 e3 old9'),
  live('e1 e2 e3', { healthy: false }),
  live('e1', { cluster: 'bad' }),
  alone('e1 e2 e3'),
  alone('e1 e2'),
  outdated('e1 e2 e3'),
  outdated('e1'),
  outdated('e1 e2 e3 old9'),
  silent('timeout'),
  silent('refused'),
  silent('unintelligible'),
  deaf,
  silent('timeout', { data: { onlyBootstrap: false } }),
  but(fresh, { intruders: ['0.0.0.0:2379 nginx'] }),
  but(fresh, { process: { listens: [] } }),
  but(fresh, { unmounted: '/var/lib/etcd' }),
  but(fresh, { directory: {} }),
  but(live('e1 e2 e3'), { directory: { now: '/srv/etcd', next: '/var/lib/etcd/default' } }),
  but(outdated('e1 e2 e3'), { unit: { ...NOTHING.unit, active: 'failed' } }),
  starting,
  stopped(),
  stopped('bad'),
  but(stopped(), { unmounted: '/var/lib/etcd' }),
  unreadable,
  () => ({ data: { fragment: '/var/lib/etcd/default/member/snap/db', onlyBootstrap: false } }),
  forming(),
  forming(formationOf('test-1998')),
  forming(formationOf(), { process: { listens: [] } }),
  forming(formationOf(), {
    data: { identity: { member: 'id-e1', cluster: 'c0ffee' }, onlyBootstrap: false },
  }),
  forming(formationOf(), { data: { identity: { member: 'id-e1', cluster: 'c0ffee' }, onlyBootstrap: true } }),
];

const ANSWERS: readonly (readonly Answer<MemberObservation>[])[] = SAYINGS.map((one) =>
  HOSTS.map(({ name }) =>
    typeof one === 'string'
      ? { reachable: false, reason: one }
      : { reachable: true, observed: { ...NOTHING, ...one(name) } },
  ),
);

interface Case {
  readonly answers: Answers<MemberObservation>;
  readonly members: readonly Member[];
  readonly decision: ClusterDecision;
}

/** The number of members, their answers, and which of them answer like the first. */
const CASES = fc.tuple(
  fc.constantFrom(1, 2, 3, 3, 3, 4, 5),
  fc.array(fc.nat(SAYINGS.length - 1), { minLength: 5, maxLength: 5 }),
  fc.nat(31),
);

function caseOf([count, words, same]: readonly [number, readonly number[], number]): Case {
  const hosts = HOSTS.slice(0, count);
  const answers = new Map(
    hosts.map(({ name }, index) => {
      const word = (same >> index) % 2 === 0 ? (words[0] ?? 0) : (words[index] ?? 0);
      return [name, ANSWERS[word]?.[index] ?? { reachable: false as const, reason: '' }];
    }),
  );
  const members = membersOf(hosts, answers);
  const context = { ...CONTEXT, initialCluster: initialClusterOf(count) };
  return { answers, members, decision: decideMembers(members, context) };
}

const [ONE] = HOSTS;

function memberOf(answer: Answer<MemberObservation>): Member {
  const [member] = ONE ? membersOf([ONE], new Map([[ONE.name, answer]])) : [];
  if (!member) throw new Error('no host');
  return member;
}

const SAFETY: Safety<MemberObservation> = {
  mayServe: (answer) => mayServe(memberOf(answer)),
  isKnownAtRest: (answer) => {
    const { kind } = memberOf(answer);
    // A member in the same formation waits for the others, and was never ready.
    return kind === 'empty' || (answer.reachable && answer.observed.formation !== undefined);
  },
  formedBy: ({ change }) => /ETCD_INITIAL_CLUSTER_TOKEN=(\S+)/.exec(change.script)?.[1] ?? '',
};

/** Changes with one of these effects, and their members. */
function changesOf({ members, decision }: Case, effect: Parameters<typeof has>[1]) {
  if (decision.verdict !== 'change') return [];
  return decision.stages.flat().flatMap((one) => {
    const member = members.find(({ name }) => name === one.host);
    return member && has(one.change, effect) ? [{ ...one, member }] : [];
  });
}

const leaders = (members: readonly Member[]) =>
  members.flatMap((member) =>
    member.kind === 'live' && member.status.leader !== undefined ? [member.status] : [],
  );

function expectFormationAlone(one: Case): void {
  if (changesOf(one, ['forms']).length === 0) return;
  const others = one.members.filter(
    (member) => member.kind !== 'empty' && !(member.kind !== 'unreachable' && isForming(member)),
  );
  if (others.length > 0)
    throw new Error(`a cluster is formed, and ${others.map(({ name }) => name).join()} has data`);
}

function expectDataKept(one: Case): void {
  for (const { member } of changesOf(one, ['wipes', 'joins'])) {
    if (member.kind === 'unreachable') throw new Error(`${member.name} was not asked`);
    if (!member.observed.data) continue;
    const clusters = leaders(one.members);
    const same = clusters.every(({ cluster }) => cluster === member.identity?.cluster);
    const listed = clusters.some(({ listed: list }) => list.some(({ id }) => id === member.identity?.member));
    if (clusters.length === 0 || !same || listed || member.kind !== 'stopped') {
      throw new Error(`the data of ${member.name} is moved aside`);
    }
  }
}

function expectQuorumKept(one: Case): void {
  for (const { member, change } of changesOf(one, ['restarts'])) {
    if (!mayServe(member)) continue;
    const unwell = one.members.filter(
      (other) =>
        other !== member &&
        !(other.kind === 'live' && other.status.leader !== undefined && other.status.healthy),
    );
    if (unwell.length > 0)
      throw new Error(`${change.summary} while ${unwell.map(({ name }) => name).join()}`);
    const voters = Math.max(0, ...leaders(one.members).map(({ listed }) => listed.length));
    if (voters > 2 && one.members.length - 1 <= voters / 2) {
      throw new Error(`${change.summary} while the others are no majority of ${voters}`);
    }
  }
}

describe('etcd: every decision', () => {
  everyCase(
    'etcd',
    'never harms a member that may serve; forms at most one cluster, and only without other data; moves data aside only if a leader of the same cluster no longer lists the member; restarts only members that the others can spare',
    CASES,
    (code) => {
      const one = caseOf(code);
      expectSafe(one.decision, one.answers, SAFETY);
      expectFormationAlone(one);
      expectDataKept(one);
      expectQuorumKept(one);
    },
  );
});

describe('etcd: every history', () => {
  const faults = fc.array(fc.nat(History.FAULTS * 3 - 1), { minLength: 1, maxLength: 7 });
  everyHistory(
    'etcd',
    'of faults and deployments ends healthy or refused, with one cluster and all acknowledged data, and no member is spared that is needed',
    fc.tuple(fc.constantFrom(1, 2, 3, 3, 3), faults, fc.nat(20)),
    ([count, codes, breaksAt]) => {
      const history = new History(HOSTS.slice(0, count), breaksAt);
      history.deploy();
      for (const code of codes) {
        history.suffer(code);
        history.expectSparedRightly();
        if (code % 2 === 0) history.deploy();
      }
      history.recover();
      history.deploy();
      history.expectEnd();
    },
    1_200,
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideMembers } from '../../playbooks/rabbitmq/cluster/decide.ts';
import {
  holdingsOf,
  isAlone,
  isBlank,
  isRunning,
  isWaiting,
  membersOf,
  type Member,
} from '../../playbooks/rabbitmq/cluster/members.ts';
import type { NodeObservation } from '../../src/operations/rabbitmq/observe.ts';
import type { Answer, Answers, ClusterDecision, HostChange } from '../../src/playbook/operation.ts';
import { everyCase, everyHistory, expectSafe, has, inWords } from './every-case.ts';
import { Model, type Fault } from './rabbitmq-model.ts';
import { judgeSpare } from '../../playbooks/rabbitmq/life.ts';
import { ALL, bit, HOSTS, NODES, platform } from './rabbitmq-nodes.ts';
import { SAYINGS } from './rabbitmq-sayings.ts';

const SYSTEM = 'rabbitmq';

const saying = fc.nat(SAYINGS[0]?.length ? SAYINGS[0].length - 1 : 0);
/** A third of all cases starts with two members of one healthy cluster: purely random answers mostly disagree. */
const HEALTHY = (SAYINGS[0]?.length ?? 0) - 25;
const cases = fc.tuple(saying, saying, saying, fc.nat(11));

function answersOf([first, second, third, twist]: readonly [
  number,
  number,
  number,
  number,
]): Answers<NodeObservation> {
  const chosen = twist < 4 ? [HEALTHY, HEALTHY, third] : [first, second, third];
  return new Map(
    HOSTS.map((host, index): [string, Answer<NodeObservation>] => {
      const node = twist < 4 ? (index + twist) % 3 : index;
      const saying = SAYINGS[index]?.[chosen[node] ?? 0];
      return [host.name, saying ?? { reachable: false, reason: 'no saying' }];
    }),
  );
}

/** All claims use the same cases: each is decided once, and only what the claims need is kept. */
const decided = new Map<string, ClusterDecision>();

function decisionOn(value: readonly [number, number, number, number]): ClusterDecision {
  const key = value.join();
  const known = decided.get(key);
  if (known) return known;
  const decision = decide(answersOf(value), value[3] % 2 === 1);
  const brief =
    decision.verdict === 'change'
      ? { verdict: decision.verdict, because: '', stages: briefly(decision.stages) }
      : NOTHING;
  decided.set(key, brief);
  return brief;
}

const NOTHING: ClusterDecision = { verdict: 'converged' };

function briefly(stages: readonly (readonly HostChange[])[]): readonly (readonly HostChange[])[] {
  return stages.map((stage) =>
    stage.map(({ host, change: { summary, effects } }) => ({
      host,
      change: { summary, script: '', touches: [], ...(effects ? { effects } : {}) },
    })),
  );
}

function decide(answers: Answers<NodeObservation>, ram = false): ClusterDecision {
  return decideMembers(membersOf(HOSTS, answers), {
    platform,
    members: 3,
    typeOf: (host) => (ram && host === 'c3' ? 'ram' : 'disc'),
  });
}

/** Any node may have clients, unless it is at rest, waits for others, or runs alone and is empty. */
function mayServe(member: Member): boolean {
  if (isRunning(member)) return !isAlone(member) || holdingsOf(member).length > 0;
  if (member.kind !== 'stopped') return true;
  if (isWaiting(member)) return false;
  return member.observed.alive || !['inactive', 'failed'].includes(member.observed.unit.active);
}

/** A node's answer, as a member of the cluster. */
const MEMBERS: ReadonlyMap<Answer<NodeObservation>, Member> = new Map(
  SAYINGS.flatMap((sayings, node) =>
    sayings.flatMap((answer): readonly [Answer<NodeObservation>, Member][] => {
      const host = HOSTS[node];
      return host
        ? membersOf([host], new Map([[host.name, answer]])).map((member) => [answer, member] as const)
        : [];
    }),
  ),
);

function memberOf(answer: Answer<NodeObservation>): Member {
  const member = MEMBERS.get(answer);
  if (!member) throw new Error('an answer that nobody gave');
  return member;
}

const changesOf = (decision: ClusterDecision): readonly HostChange[] =>
  decision.verdict === 'change' ? decision.stages.flat() : [];

const inBrief = (decision: ClusterDecision): string =>
  decision.verdict === 'change'
    ? inWords(decision.stages)
    : decision.verdict === 'refuse'
      ? decision.reason
      : decision.verdict;

describe('every decision about the nodes of RabbitMQ', () => {
  everyCase(
    SYSTEM,
    'no node that may serve clients is killed, reset or wiped, or disrupted together with another',
    cases,
    (value) => {
      const answers = answersOf(value);
      expectSafe(decisionOn(value), answers, {
        mayServe: (answer) => mayServe(memberOf(answer)),
        isKnownAtRest: (answer) => !mayServe(memberOf(answer)),
      });
    },
  );

  everyCase(
    SYSTEM,
    'a node is reset or wiped only if the same observation proves that it is empty',
    cases,
    (value) => {
      const members = membersOf(HOSTS, answersOf(value));
      for (const { host, change } of changesOf(decisionOn(value))) {
        if (!has(change, ['wipes', 'joins'])) continue;
        const member = members.find(({ name }) => name === host);
        if (!member || member.kind === 'unreachable') throw new Error(`${host} was not asked`);
        const isEmpty = isRunning(member)
          ? isAlone(member) && holdingsOf(member).length === 0
          : isBlank(member) || (!member.observed.alive && member.observed.keeps === 0);
        if (!isEmpty) throw new Error(`${host} suffers "${change.summary}"`);
      }
    },
  );

  everyCase(
    SYSTEM,
    'nodes join the running cluster, or form one only if every member is known and none remembers another cluster',
    cases,
    (value) => {
      const members = membersOf(HOSTS, answersOf(value));
      const seeds = new Set(
        changesOf(decisionOn(value))
          .filter(({ change }) => has(change, ['joins']))
          .map(({ change }) => change.summary.split(' ').at(-1)),
      );
      if (seeds.size === 0) return;
      expect(seeds.size).toBe(1);
      const seed = members.find(({ node }) => seeds.has(node));
      if (seed && isRunning(seed) && !isAlone(seed)) return;
      for (const member of members) {
        if (!isBlank(member) && !(isRunning(member) && isAlone(member))) {
          throw new Error(`a first cluster is formed, and ${member.name} is ${member.kind}`);
        }
      }
    },
  );

  everyCase(
    SYSTEM,
    'nodes restart only while all others are seen running, and no paused broker is started',
    cases,
    (value) => {
      const members = membersOf(HOSTS, answersOf(value));
      for (const { host, change } of changesOf(decisionOn(value))) {
        if (has(change, ['restarts'])) expect(members.every(isRunning)).toBe(true);
        const member = members.find(({ name }) => name === host);
        expect(member?.kind === 'silent' || member?.kind === 'unreachable').toBe(false);
        if (member?.kind === 'idle') expect(member.status.paused).toBe(false);
      }
    },
  );

  everyCase(
    SYSTEM,
    'a decision declares all effects of its changes, and is deterministic',
    cases,
    (value) => {
      const answers = answersOf(value);
      const once = decide(answers);
      for (const { change } of changesOf(once)) expect(change.effects).toBeDefined();
      const again = decide(new Map([...answers].reverse()));
      expect(inBrief(again)).toBe(inBrief(once));
    },
    5_000,
  );
});

const KINDS = [
  'crash',
  'hang',
  'away',
  'diskLost',
  'forgotten',
  'reset',
  'stopApp',
  'publish',
  'boot',
] as const;
const ALONE = ['powerLoss', 'outOfReach', 'heal', 'partition', 'configure', 'deploy', 'deploy'] as const;

function faultOf(number: number): Fault {
  const alone = ALONE[number - KINDS.length * 3];
  const kind = KINDS[Math.floor(number / 3)];
  if (alone) return { kind: alone };
  if (kind) return { kind, node: number % 3 };
  throw new Error(`no fault ${number}`);
}

it('a first deployment of new hosts ends healthy', () => {
  expect(new Model('blank').deploy()).toBe('healthy');
});

const histories = fc.array(fc.nat(KINDS.length * 3 + ALONE.length - 1), { maxLength: 7 });

/** A node that can be spared is one without which a majority keeps running; of a healthy cluster, each can be. */
function expectSparedRightly(model: Model): void {
  const members = membersOf(HOSTS, model.observe());
  const nodes = HOSTS.map((_, index) => model.groupOf(index));
  const isWhole = members.every(isRunning) && nodes.every((group) => group === ALL);
  HOSTS.forEach(({ name }, index) => {
    const { verdict, evidence } = judgeSpare(name, members, { pauses: true });
    const survives = nodes.some((group, of) => {
      const left = NODES.filter((node) => node !== index && group & bit(node));
      return left.length * 2 > (model.nodes[of]?.data ? sizeOf(model.nodes[of].data.view) : Infinity);
    });
    if (verdict === 'spared' && !survives) throw new Error(`${name} is spared (${evidence})`);
    if (verdict !== 'spared' && isWhole) throw new Error(`${name} is not spared (${evidence})`);
  });
}

const sizeOf = (mask: number): number => NODES.filter((node) => mask & bit(node)).length;

/** A cluster of three with a message, then a history of events. */
function lived(faults: readonly number[]): Model {
  const model = new Model('cluster');
  model.happen({ kind: 'publish', node: 0 });
  for (const number of faults) {
    model.happen(faultOf(number));
    expectSparedRightly(model);
  }
  return model;
}

describe('every history of a RabbitMQ cluster', () => {
  everyHistory(
    SYSTEM,
    'histories of faults and deployments lose no acknowledged message, form no second cluster, and spare no node that is needed',
    histories,
    (faults) => {
      const model = lived(faults);
      model.heal();
      const outcome = model.deploy();
      expect(model.harm).toEqual([]);
      expect(['healthy', 'refused', 'failed']).toContain(outcome);
    },
  );

  everyHistory(
    SYSTEM,
    'after outages without lost disks, forgotten nodes or resets, a deployment ends healthy',
    histories,
    (faults) => {
      const gentle = faults.filter((number) => {
        const { kind } = faultOf(number);
        return kind !== 'diskLost' && kind !== 'forgotten' && kind !== 'reset';
      });
      const model = lived(gentle);
      model.heal();
      expect(model.deploy()).toBe('healthy');
      expect(model.harm).toEqual([]);
    },
  );
});

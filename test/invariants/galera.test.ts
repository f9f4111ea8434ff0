import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { decideCluster } from '../../playbooks/galera/cluster/decide.ts';
import type { DecisionContext } from '../../playbooks/galera/cluster/election.ts';
import { judgeMembers } from '../../playbooks/galera/health.ts';
import { judgeSpare } from '../../playbooks/galera/life.ts';
import { membersOf } from '../../playbooks/galera/cluster/members.ts';
import { ZERO_UUID, type MemberObservation } from '../../playbooks/galera/cluster/observe.ts';
import type { Answer, ClusterDecision, HostChange } from '../../src/playbook/operation.ts';
import {
  crashed,
  damaged,
  fresh,
  live,
  notInstalled,
  noQuorum,
  observationOf,
  OTHER_UUID,
  outdated,
  refusing,
  saved,
  type Said,
  silent,
  standalone,
  starting,
  stopped,
  thrownOut,
} from '../playbooks/galera/cluster/observations.ts';
import { unitReading } from '../operations/unit-states.ts';
import { aHost } from '../support/inventory.ts';
import { everyCase, everyHistory, expectSafe, has, inWords, type Safety } from './every-case.ts';
import { type Event, EVENTS, GaleraModel } from './galera-model.ts';
import { Foretold } from './foretold.ts';
import type { Arbitrator } from '../../playbooks/galera/arbitrator.ts';

const SYSTEM = 'galera';

/** All answers of a member, and near misses of them. */
const SAID: readonly Said[] = [
  'no route to host',
  fresh,
  fresh,
  notInstalled,
  { databases: ['shop'] },
  { data: 'empty' },
  { data: 'missing', saved: saved(3) },
  { data: 'unknown' },
  ...[3, 5, 9].map((seqno) => stopped(seqno)),
  stopped(5, { safe: true }),
  { ...stopped(5), databases: ['shop'] },
  stopped(5, { uuid: OTHER_UUID }),
  crashed(),
  { ...crashed(), databases: ['shop'] },
  crashed(-1),
  crashed(5),
  crashed(9),
  crashed(9, { safe: true }),
  crashed(9, { recovered: OTHER_UUID }),
  damaged(),
  damaged(5),
  damaged(9),
  damaged(-1, ZERO_UUID),
  { ...damaged(-1, ZERO_UUID), databases: ['shop'] },
  live(),
  live(),
  live({ size: 2, lastCommitted: 5 }),
  live({ size: 1, lastCommitted: 5 }),
  live({ state: 'Joined', ready: false }),
  live({ uuid: OTHER_UUID }),
  outdated(),
  outdated({ size: 1 }),
  { ...outdated(), moved: '/srv/mysql' },
  noQuorum(3),
  noQuorum(5),
  noQuorum(9),
  noQuorum(5, OTHER_UUID),
  { ...noQuorum(5), moved: '/srv/mysql' },
  live({ component: 'non-Primary' }),
  refusing(),
  refusing('ERROR 1040 (08004): Too many connections'),
  silent(),
  { ...live(), unit: unitReading('/etc/my.cnf', 'inactive'), process: 'open' },
  { ...starting('active'), process: 'absent' },
  { ...starting(), process: 'unknown' },
  starting(),
  starting('deactivating'),
  { ...starting('activating'), process: 'absent' },
  standalone(),
  standalone(['shop']),
  { ...standalone(), saved: saved(3) },
  { ...standalone(['shop']), saved: saved(3) },
  thrownOut(),
];

const ANSWERS: readonly Answer<MemberObservation>[] = SAID.map((said) =>
  typeof said === 'string'
    ? { reachable: false, reason: said }
    : { reachable: true, observed: observationOf(said) },
);

const HOSTS = ['c1', 'c2', 'c3', 'c4'].map((name) => aHost(name));

interface Case {
  readonly answers: ReadonlyMap<string, Answer<MemberObservation>>;
  readonly context: DecisionContext;
}

const ARBITRATORS: readonly (Arbitrator | undefined)[] = [
  undefined,
  undefined,
  { name: 'web', unit: 'garb' },
  { name: 'web', unit: 'garb', state: unitReading('/etc/default/garb', 'active') },
  { name: 'web', unit: 'garb', state: unitReading('/etc/default/garb', 'inactive') },
];

/** Members by the indices of their answers; the first few are alike more often, as in reality. */
function cases(least: number, bootstrapFrom: boolean): fc.Arbitrary<Case> {
  const said = fc.integer({ min: 0, max: SAID.length - 1 });
  return fc
    .tuple(
      fc.array(said, { minLength: least, maxLength: 4 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: 3 }),
    )
    .map(([numbers, arbitrator, alike]) => {
      const all = numbers.map((number, index) =>
        index > 0 && index === alike ? (numbers[0] ?? number) : number,
      );
      const answers = new Map(
        all.map((number, index): [string, Answer<MemberObservation>] => [
          HOSTS[index]?.name ?? '',
          ANSWERS[number] ?? { reachable: false, reason: '' },
        ]),
      );
      const voter = ARBITRATORS[arbitrator % ARBITRATORS.length];
      return {
        answers,
        context: {
          unit: 'mariadb',
          dataDirectory: '/var/lib/mysql',
          members: all.length,
          syncSeconds: 60,
          ...(voter ? { arbitrator: voter } : {}),
          ...(bootstrapFrom ? { bootstrapFrom: HOSTS[alike % all.length]?.name ?? '' } : {}),
        },
      };
    });
}

function decide({ answers, context }: Case): ClusterDecision {
  return decideCluster(membersOf(HOSTS.slice(0, answers.size), answers), context);
}

function changesOf(decision: ClusterDecision): readonly HostChange[] {
  return decision.verdict === 'change' ? decision.stages.flat() : [];
}

/**
 * Independent of the product's definition: a running server serves, unless it is proven to accept no clients or queries, or
 * to have no data.
 */
function mayServe(answer: Answer<MemberObservation>): boolean {
  if (!answer.reachable) return true;
  const { process, server, unit, databases } = answer.observed;
  if (process === 'closed') return false;
  if (process === 'absent') return unit.active === 'active';
  if (unit.active === 'inactive' || unit.active === 'failed' || !server) return true;
  return server.replicates ? server.component === 'Primary' || server.ready : databases.length > 0;
}

/** Outside a cluster with conclusive data: stopped, or an empty server as started by the package. */
function isKnownAtRest(answer: Answer<MemberObservation>): boolean {
  if (!answer.reachable || mayServe(answer)) return false;
  const { process, unit, server, saved: state, recovered, installed, data } = answer.observed;
  if (process === 'open')
    return server !== undefined && !server.replicates && !state && databasesOf(answer) === 0;
  if (process !== 'absent' || !['inactive', 'failed'].includes(unit.active)) return false;
  if (installed && data !== 'present') return false;
  return !state || state.seqno >= 0 || recovered !== undefined;
}

function databasesOf(answer: Answer<MemberObservation>): number {
  return answer.reachable ? answer.observed.databases.length : 0;
}

const SAFETY: Safety<MemberObservation> = { mayServe, isKnownAtRest };

/** All clusters named in an answer. */
function uuidsOf(answer: Answer<MemberObservation>): readonly string[] {
  if (!answer.reachable) return [];
  const { server, saved: state, recovered } = answer.observed;
  const running = server?.replicates && /primary/i.test(server.component) ? server.uuid : undefined;
  const uuids = running === undefined ? [state?.uuid, recovered?.uuid] : [running];
  return [...new Set(uuids.filter((uuid) => uuid !== undefined && uuid !== ZERO_UUID))] as readonly string[];
}

/** The position in an answer; -1 if it has none. */
function seqnoOf(answer: Answer<MemberObservation>): number {
  if (!answer.reachable) return -1;
  const { server, saved: state, recovered } = answer.observed;
  if (server?.replicates && /primary/i.test(server.component)) return server.lastCommitted;
  if (state && state.seqno >= 0) return state.seqno;
  return recovered?.seqno ?? -1;
}

function isPrimary(answer: Answer<MemberObservation>): boolean {
  return answer.reachable && answer.observed.server?.component === 'Primary' && mayServe(answer);
}

/** Where a joiner gets its data from: the bootstrapping member, or the running cluster. */
function sourceOf({ answers }: Case, changes: readonly HostChange[]): readonly Answer<MemberObservation>[] {
  const formed = changes.filter(({ change }) => has(change, ['forms', 'promotes']));
  if (formed.length > 0) return formed.flatMap(({ host }) => answers.get(host) ?? []);
  return [...answers.values()].filter(isPrimary);
}

describe('every decision about a Galera cluster', () => {
  everyCase(
    SYSTEM,
    'harms no member that may serve, forms one cluster of members at rest, and overwrites no unique data',
    cases(1, false),
    (given) => {
      const decision = decide(given);
      if (given.answers.size > 1) expectSafe(decision, given.answers, SAFETY);
      expectOneQuorum(given, decision);
      expectNothingOverwritten(given, decision);
      expectSaid(given, decision);
    },
  );

  everyCase(
    SYSTEM,
    'leaves serving members alone, even with --bootstrap-from',
    cases(1, true),
    (given) => {
      const decision = decide(given);
      const changes = changesOf(decision);
      const all = [...given.answers.values()];
      const gives = changes.filter(({ change }) => has(change, ['forms', 'promotes']));
      if (gives.length > 1) throw new Error('more than one cluster is formed');
      if (given.answers.size > 1 && gives.length > 0 && all.some(isPrimary)) {
        throw new Error('a cluster is formed, and another lives');
      }
      for (const { host, change } of changes) {
        const answer = given.answers.get(host);
        if (answer && mayServe(answer) && has(change, ['kills', 'wipes', 'joins'])) {
          throw new Error(`${host} may serve and suffers "${change.summary}"`);
        }
      }
    },
    5_000,
  );

  everyCase(
    SYSTEM,
    'is deterministic',
    cases(1, false),
    (given) => {
      const [decision, again] = [decide(given), decide(given)];
      if (decision.verdict !== 'change' || again.verdict !== 'change') expect(again).toEqual(decision);
      else expect(inWords(again.stages)).toBe(inWords(decision.stages));
    },
    1_000,
  );

  everyCase(
    SYSTEM,
    'reports a member that cannot be queried as unhealthy',
    cases(1, false),
    ({ answers }) => {
      const findings = judgeMembers(membersOf(HOSTS.slice(0, answers.size), answers));
      for (const [host, answer] of answers) {
        if (isPrimary(answer) && answer.reachable && answer.observed.process === 'open') continue;
        if (findings.find((finding) => finding.host === host)?.healthy) throw new Error(`${host} is healthy`);
      }
    },
    2_000,
  );
});

/** At most one member is bootstrapped, only if all members are known and none serves; kills need the same. */
function expectOneQuorum({ answers, context }: Case, decision: ClusterDecision): void {
  const changes = changesOf(decision);
  const all = [...answers.values()];
  const gives = changes.filter(({ change }) => has(change, ['forms', 'promotes']));
  const only = all.length === 1 && all.every(isPrimary);
  const complain = (what: string): never => {
    throw new Error(`${what}: ${decision.verdict === 'change' ? inWords(decision.stages) : ''}`);
  };
  if (gives.length > 0 && !only) {
    if (gives.length > 1) complain('a quorum is given twice');
    if (all.some((answer) => mayServe(answer))) complain('a quorum is given, and a server may serve');
    if (new Set(all.flatMap(uuidsOf)).size > 1)
      complain('a quorum is given, and there is data of two clusters');
    const before = changes.slice(
      0,
      changes.findIndex(({ change }) => has(change, ['forms', 'promotes'])),
    );
    for (const [host, answer] of answers) {
      if (!answer.reachable || answer.observed.process !== 'absent' || host === gives[0]?.host) continue;
      const { view, saved: state } = answer.observed;
      const marked = before.some((each) => each.host === host);
      if ((view || state?.safeToBootstrap) && !marked) complain(`${host} could form a second cluster`);
    }
    const { arbitrator } = context;
    const stopped = changes[0]?.host === 'web' && changes[0].change.effects?.includes('stops');
    if (arbitrator && !stopped && arbitrator.state?.active !== 'inactive') {
      complain('a quorum is given, and the arbitrator may have one');
    }
  }
  if (!changes.some(({ change }) => has(change, ['kills']))) return;
  if (all.some((answer) => mayServe(answer) && !isServingAlone(answer))) {
    complain('a server is ended, and another may live');
  }
}

/** No joining member has data that its donor lacks, according to both answers. */
function expectNothingOverwritten(given: Case, decision: ClusterDecision): void {
  const changes = changesOf(decision);
  const joins = changes.filter(({ change }) => has(change, ['joins']));
  if (joins.length === 0) return;
  const sources = sourceOf(given, changes);
  const newest = Math.max(-1, ...sources.map(seqnoOf));
  const uuids = sources.flatMap(uuidsOf);
  const lives = sources.some(isPrimary);
  for (const { host, change } of joins) {
    const answer = given.answers.get(host);
    if (!answer?.reachable) throw new Error(`${host} was not reached, and is to "${change.summary}"`);
    const { saved: state, databases, moved, recovered } = answer.observed;
    const worthless = state?.uuid === ZERO_UUID && (!recovered || recovered.uuid === ZERO_UUID);
    const lost = [
      ...uuidsOf(answer).filter((uuid) => !uuids.includes(uuid)),
      ...(seqnoOf(answer) > newest ? ['transactions'] : []),
      // Galera itself compares a crashed member with the running cluster on start.
      ...(state && seqnoOf(answer) < 0 && !worthless && !lives ? ['an unknown position'] : []),
      ...(state ? [] : databases),
      ...(moved === undefined ? [] : [moved]),
    ];
    if (lost.length > 0) throw new Error(`${host} would lose ${lost.join(', ')}`);
  }
}

/** Every change declares its effects, and is made on a host that answered. */
function expectSaid({ answers }: Case, decision: ClusterDecision): void {
  for (const { host, change } of changesOf(decision)) {
    if (!change.effects) throw new Error(`"${change.summary}" does not say what it does`);
    if (answers.get(host)?.reachable === false) throw new Error(`${host} was not reached`);
  }
}

function isServingAlone(answer: Answer<MemberObservation>): boolean {
  return answer.reachable && answer.observed.server?.replicates === false && databasesOf(answer) > 0;
}

/** The possible ends of a history. */
type End = 'healthy' | 'refused' | 'failed';

/** Lets osha decide and act until it converges, like a step of a deployment. */
function deployed(model: GaleraModel, meanwhile?: Event): End {
  let foretold = new Foretold();
  let before = '';
  for (let round = 1; round <= 7; round += 1) {
    const answers = model.answers();
    const decision = model.decide();
    if (model.members.length > 1) {
      expectSafe(decision, answers as ReadonlyMap<string, Answer<MemberObservation>>, SAFETY);
    }
    foretold.next(decision);
    if (decision.verdict === 'converged') return 'healthy';
    if (decision.verdict === 'refuse') return 'refused';
    const words = inWords(decision.stages);
    if (words === before) throw new Error(`it decides the same again: ${words}`);
    before = words;
    if (meanwhile && round === 1) {
      model.happens(meanwhile);
      foretold = new Foretold();
    }
    for (const stage of decision.stages) {
      for (const change of stage) if (!carriedOut(model, change)) return 'failed';
    }
  }
  throw new Error(`it does not come to an end: ${before}`);
}

function carriedOut(model: GaleraModel, change: HostChange): boolean {
  const held = model.held();
  const wentWell = model.carryOut(change);
  const after = model.held();
  const lost = [...held].filter((transaction) => !after.has(transaction));
  const complain = (what: string): never => {
    throw new Error(`${what}: ${model.log.join('; ')}`);
  };
  if (lost.length > 0) complain(`lost what was acknowledged (${lost.join(', ')})`);
  if (model.components.length > 1) complain('there are two clusters');
  if (has(change.change, ['forms', 'promotes'])) {
    for (const component of model.components) {
      const [member] = component;
      const missing = [...after].filter((transaction) => !member?.data.includes(transaction));
      if (missing.length > 0) complain(`the cluster goes on without ${missing.join(', ')}`);
    }
  }
  return wentWell;
}

const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom(...EVENTS),
  member: fc.integer({ min: 0, max: 2 }),
});

/** A member that can be spared is one whose death the cluster survives; of a healthy one of three, each can be. */
function expectSparedRightly(model: GaleraModel): void {
  const members = membersOf(
    model.members.map(({ name }) => aHost(name)),
    model.answers(),
  );
  const isWhole = judgeMembers(members).every(({ healthy }) => healthy) && members.length > 2;
  for (const { name } of model.members) {
    const { verdict, evidence } = judgeSpare(name, members);
    if (verdict === 'spared' && !model.survivesWithout(name)) {
      throw new Error(`${name} is spared (${evidence}): ${model.log.join('; ')}`);
    }
    if (verdict !== 'spared' && isWhole) throw new Error(`${name} is not spared (${evidence})`);
  }
}

describe('the history of a Galera cluster', () => {
  const histories = fc.record({
    count: fc.integer({ min: 1, max: 3 }),
    events: fc.array(fc.oneof(event, fc.constant('osha' as const)), { minLength: 1, maxLength: 10 }),
    meanwhile: fc.option(event, { freq: 2 }),
  });
  everyHistory(
    SYSTEM,
    'loses nothing, never has two clusters, spares no member that it needs, and ends healthy or refused',
    histories,
    ({ count, events, meanwhile }) => {
      const model = new GaleraModel(count);
      expect(deployed(model)).toBe('healthy');
      model.write();
      for (const each of events) {
        if (each === 'osha') deployed(model, meanwhile ?? undefined);
        else model.happens(each);
        expectSparedRightly(model);
      }
      model.mend();
      let end = deployed(model);
      for (let rerun = 0; end === 'failed' && rerun < 4; rerun += 1) end = deployed(model);
      expect(end).not.toBe('failed');
      if (end === 'healthy') expect(model.components.map((component) => component.size)).toEqual([count]);
    },
    2_000,
  );
});

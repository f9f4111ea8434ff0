import fc from 'fast-check';
import { describe } from 'vitest';
import { decideFormation, noPlaceholder } from '../../playbooks/pacemaker/cluster/formation.ts';
import { decideHandover } from '../../playbooks/pacemaker/cluster/handover.ts';
import {
  confOf,
  isAtRest,
  isPlaceholder,
  type MemberState,
} from '../../playbooks/pacemaker/cluster/member-state.ts';
import { decideReady } from '../../playbooks/pacemaker/cluster/ready.ts';
import { decideRecognition } from '../../playbooks/pacemaker/cluster/recognition.ts';
import { decideResources } from '../../playbooks/pacemaker/cluster/resources.ts';
import { ProbeError, type Answer, type Change } from '../../src/playbook/operation.ts';
import { everyCase, everyHistory, expectSafe, has, inWords, type Safety } from './every-case.ts';
import { deploy } from './pacemaker-model.ts';
import {
  aWorld,
  copyOf,
  EVENTS,
  holdersOf,
  HOSTS,
  listsOf,
  OPTIONS,
  settle,
  type World,
} from './pacemaker-world.ts';
import {
  CLUSTER,
  clusterOf,
  count,
  digits,
  membersOf,
  MEMBERS,
  UNIT,
  unitOf,
} from './pacemaker-observations.ts';

const upTo = (bases: readonly number[]): fc.Arbitrary<number> => fc.nat({ max: count(bases) - 1 });

function insist(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const safety: Safety<MemberState> = {
  mayServe: (answer) => !answer.reachable || (!isAtRest(answer.observed) && !isPlaceholder(answer.observed)),
  isKnownAtRest: (answer) => answer.reachable && hasNothing(answer.observed),
};

function hasNothing(state: MemberState): boolean {
  return isPlaceholder(state) || (isAtRest(state) && !state.conf && (state.resources ?? 0) === 0);
}

describe('forming a Pacemaker cluster', () => {
  everyCase(
    'pacemaker',
    'stops, removes or adds no member that may serve; forms at most one cluster',
    upTo(MEMBERS),
    (value) => {
      const answers = membersOf(value);
      const decision = decideFormation(HOSTS, answers, OPTIONS);
      expectSafe(decision, answers, safety);
      if (decision.verdict !== 'change') return;
      const words = (): string => inWords(decision.stages);
      for (const { host, change } of decision.stages.flat()) {
        insist(!has(change, ['restarts', 'stops', 'kills', 'joins', 'promotes']), words());
        const [, names = ''] = /^(?:add|remove) (.+?) (?:to|from) /.exec(change.summary) ?? [];
        for (const name of names === '' ? [] : names.split(', ')) {
          insist(isOutside(answers.get(name)), `${name} is in a cluster, or may serve: ${words()}`);
        }
        if (!change.summary.startsWith('start')) continue;
        const state = observed(answers.get(host));
        insist(confOf(state)?.clusterName === 'lab', words());
        insist(isAtRest(state) || !state.pacemaker, words());
      }
    },
  );

  everyCase('pacemaker', 'refuses before any change', upTo(MEMBERS), (value) => {
    const answers = membersOf(value);
    const first = decideRecognition(HOSTS, answers, OPTIONS);
    const then = decideFormation(HOSTS, answers, OPTIONS);
    if (first.verdict === 'refuse') {
      insist(then.verdict === 'refuse' && then.reason === first.reason, `recognised: ${first.reason}`);
    } else if (then.verdict === 'refuse') {
      insist(then.reason.includes('cannot be added'), `formed: ${then.reason}`);
    }
  });

  const placeholder = noPlaceholder(OPTIONS.corosyncConf);
  everyCase('pacemaker', 'only the cluster of a package is removed, for sure', upTo(MEMBERS), (value) => {
    for (const answer of membersOf(value).values()) {
      if (!answer.reachable) continue;
      const { conf, runs, joined = 0, resources = 0 } = answer.observed;
      if (placeholder.decide(answer.observed).length === 0) continue;
      insist(conf?.clusterName === 'debian' && resources === 0, 'it has another name, or resources');
      insist(isAtRest(answer.observed) || (runs === 'debian' && joined === 1), 'it may serve');
    }
  });
});

function observed(answer: Answer<MemberState> | undefined): MemberState {
  if (!answer?.reachable) throw new Error('a member is started that did not answer');
  return answer.observed;
}

function isOutside(answer: Answer<MemberState> | undefined): boolean {
  return answer?.reachable === true && !confOf(answer.observed) && !safety.mayServe(answer);
}

/** The changes; empty if refused. */
function orRefused(decide: () => readonly Change[]): readonly Change[] | undefined {
  try {
    return decide();
  } catch (error) {
    if (error instanceof ProbeError) return undefined;
    throw error;
  }
}

describe('the resources of a Pacemaker cluster', () => {
  everyCase(
    'pacemaker',
    'a unit is stopped only where the cluster runs it elsewhere, or could',
    upTo(UNIT),
    (value) => {
      const state = unitOf(value);
      const changes = orRefused(() => decideHandover('app', state)) ?? [];
      if (!changes.some((change) => has(change, ['stops']))) return;
      insist(state.cluster !== undefined, 'nobody knows what the cluster runs');
      const { cib, monitor } = state.cluster;
      const on = monitor.runsOn.get('app') ?? new Set();
      insist(!on.has('c1'), 'the cluster runs it here');
      const couldRun =
        monitor.quorate && !monitor.maintenance && !monitor.stopsAll && monitor.online.size > 0;
      insist(cib.resources.length > 0 ? on.size > 0 : couldRun, 'it would run nowhere');
    },
  );

  everyCase(
    'pacemaker',
    'a held cluster is refused with a remedy, and no change is made twice',
    upTo(CLUSTER),
    (value) => {
      const { state, desired } = clusterOf(value);
      const decision = decideReady(desired, new Map([['c1', { reachable: true, observed: state }]]));
      const { monitor } = state;
      const conditions = [...monitor.members.values()];
      const held =
        monitor.maintenance ||
        monitor.stopsAll ||
        conditions.some((one) => /^(standby|maintenance)/.test(one));
      if (held)
        insist(
          decision.verdict === 'refuse' && /\b(?:pcs|osha host undrain) /.test(decision.hint),
          'it is held',
        );
      const changes = orRefused(() => decideResources(desired, state));
      if (decision.verdict === 'converged') insist(changes !== undefined, 'ready, and yet refused');
      if (changes === undefined) return;
      insist(monitor.quorate, 'it has no quorum');
      expectOneAddressEach({ state, desired }, changes);
    },
  );
});

/** Makes the changes one at a time. */
function expectOneAddressEach(
  { state, desired }: ReturnType<typeof clusterOf>,
  changes: readonly Change[],
): void {
  const { cib, monitor } = state;
  const held = new Map(cib.resources.map(({ id, options }) => [id, options.get('ip')]));
  for (const { summary, prunes, effects } of changes) {
    insist(effects !== undefined, `it does not say what it does: ${summary}`);
    if (prunes) continue;
    const [, removed] = /^remove (\S+), a resource of another agent/.exec(summary) ?? [];
    if (removed !== undefined) {
      insist(cib.made.has(removed), `osha did not make ${removed}`);
      held.delete(removed);
    }
    const [, moved] = /^(?:create|change) (\S+?):? /.exec(summary) ?? [];
    if (moved !== undefined && moved.startsWith('vip-')) {
      const ip = desired.resources.find(({ id }) => id === moved)?.options['ip'];
      const other = [...held].find(([id, address]) => id !== moved && address === ip);
      insist(other === undefined, `${other?.[0] ?? ''} and ${moved} hold ${ip ?? ''}`);
      held.set(moved, ip);
    }
    if (!summary.includes('stonith-enabled to true')) continue;
    insist(
      ![...monitor.members.values()].some((one) => one === 'offline' || one === 'unclean'),
      'it is switched off',
    );
  }
}

/** Five events, each about one of three members; the last two of twelve kinds are deployments, one of them interrupted. */
const EVENT = 12 * 3;
const HISTORY = [2, EVENT, EVENT, EVENT, EVENT, EVENT];
const TAMPERS = [7, 8];
const deployed = [2, 3].map((size) => {
  const world = aWorld(size);
  deploy(world, () => undefined);
  return world;
});

describe('histories of a Pacemaker cluster', () => {
  everyHistory(
    'pacemaker',
    'in no history does osha stop, split or lose anything, and each one ends',
    upTo(HISTORY),
    (value) => {
      const [size = 0, ...events] = digits(value, HISTORY);
      const world = copyOf(deployed[size] ?? aWorld(2));
      for (const event of events) {
        const one = world.members[Math.floor(event / 12) % world.members.length];
        const happens = EVENTS[event % 12];
        if (one && happens) happens(world, one);
        else deployAndHold(world, event % 12 === 11 ? 1 : undefined);
        settle(world);
      }
      for (const one of world.members) Object.assign(one, { powered: true, reachable: true, side: 0 });
      const { end, reason } = deployAndHold(world);
      // A file was replaced, or the list of members changed while one was off.
      if (end === 'refused' && events.some((event) => TAMPERS.includes(event % 12))) return;
      insist(end === 'converged', `${end}: ${reason}`);
      insist(new Set(world.members.map(({ runs }) => runs)).size === 1, 'there are several clusters');
      insist(
        world.members.every(({ pacemaker }) => pacemaker),
        'one does not run',
      );
    },
  );
});

function deployAndHold(world: World, stages?: number): ReturnType<typeof deploy> {
  const serving = world.members.filter(({ pacemaker, runs }) => pacemaker && runs !== 'debian');
  const known = newest(world);
  let holders = holdersOf(world).length;
  const lists = [false, true].map((running) => Math.max(1, listsOf(world, running)));
  const hold = (): void => {
    for (const running of [false, true]) {
      insist(
        listsOf(world, running) <= (lists[Number(running)] ?? 1),
        'members have different lists of members',
      );
    }
    const stopped = serving.find(({ pacemaker }) => !pacemaker);
    insist(stopped === undefined, `${stopped?.host.name ?? ''} served, and was stopped`);
    const now = holdersOf(world).length;
    insist(now < 2 || now <= holders, `${now} hold the virtual IPs`);
    holders = now;
    insist(newest(world) >= known, 'the configuration was lost');
  };
  return deploy(world, hold, stages);
}

function newest({ members }: World): number {
  return Math.max(...members.map(({ cib }) => cib ?? 0));
}

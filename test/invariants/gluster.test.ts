import fc from 'fast-check';
import { describe } from 'vitest';
import { decidePool } from '../../playbooks/glusterfs/cluster/decide-pool.ts';
import { decideVolume } from '../../playbooks/glusterfs/cluster/decide-volume.ts';
import type { Brick, ServerObservation } from '../../playbooks/glusterfs/cluster/observe.ts';
import {
  brickPathOf,
  isReached,
  knownVolume,
  mayServe,
  serversOf,
  type Server,
} from '../../playbooks/glusterfs/cluster/servers.ts';
import type { Answer, ClusterDecision, Effect } from '../../src/playbook/operation.ts';
import {
  ABSENT,
  EMPTY,
  fresh,
  having,
  images,
  IMAGES,
  OCCUPIED,
  OFFLINE,
  ONLINE,
  pooled,
  silent,
  UNIT,
  type Said,
} from '../playbooks/glusterfs/cluster/observations.ts';
import { aHost } from '../support/inventory.ts';
import { everyCase, everyHistory, expectSafe, has, inWords, type Safety } from './every-case.ts';
import { History } from './gluster-model.ts';

const HOSTS = ['g1', 'g2', 'g3'].map((name) => aHost(name));
const CONTEXT = { unit: 'glusterd' };

const NOTHING: ServerObservation = { unit: UNIT, answers: true, peers: [], volumes: [], bricks: new Map() };

/** The answers of each host, by index. */
function answersOf(sayings: readonly Said[]): readonly (readonly Answer<ServerObservation>[])[] {
  return sayings.map((one) =>
    HOSTS.map(({ name }) =>
      typeof one === 'string'
        ? { reachable: false, reason: one }
        : { reachable: true, observed: { ...NOTHING, ...one(name) } },
    ),
  );
}

const RUNNING = { bricks: new Map([['images', ONLINE]]) };

const IN_POOLS = answersOf([
  'no route to host',
  fresh,
  silent,
  pooled(''),
  pooled('g2 g3'),
  pooled('g1 g3'),
  pooled('g1 g2'),
  pooled('g2'),
  pooled('g1'),
  pooled('g2! g3'),
  pooled('g1 g2!'),
  pooled('g2? g3?'),
  pooled('g1?'),
  pooled('g2- g3-'),
  pooled('old'),
  pooled('g2 old-'),
  pooled('', { uuid: 'same' }),
  pooled('', { peers: [{ uuid: 'old-g2', host: 'g2', connected: true, joined: true }] }),
  pooled('', { volumes: [images('g3')] }),
  pooled('', { ...RUNNING, volumes: [images('g1')] }),
  pooled('', RUNNING),
  pooled('g2 g3', { ...RUNNING, volumes: [images('g1 g2 g3')] }),
]);

const BRICKS: readonly Brick[] = [
  ABSENT,
  EMPTY,
  OCCUPIED,
  ONLINE,
  OFFLINE,
  { ...EMPTY, volumeId: 'beef' },
  { ...EMPTY, unreadable: true },
  { ...ABSENT, unmounted: '/srv' },
  { ...ABSENT, online: true },
  { ...ONLINE, backlog: 4 },
];

const IN_VOLUMES = answersOf([
  'no route to host',
  'it was not asked',
  silent,
  () => ({ answers: false, bricks: new Map([['images', ONLINE]]) }),
  fresh,
  ...BRICKS.map((brick) => having(brick)),
  ...BRICKS.flatMap((brick) => [having(brick, images('g1 g2 g3')), having(brick, images('g1 g2 g3'))]),
  ...BRICKS.map((brick) => having(brick, images('g1 g2'))),
  ...BRICKS.map((brick) => having(brick, images('g1'))),
  having(ONLINE, images('g1 g2 g3', { started: false })),
  having(EMPTY, images('g1 g2 g3', { arbiter: true })),
  having(ONLINE, images('g1 g2 g3', { type: 'Distribute' })),
  having(ONLINE, images('g1', { id: 'beef' })),
]);

type Code = readonly [count: number, words: readonly number[], same: number];

/** The number of servers, their answers, and which of them answer like the first. */
function codes(sayings: readonly unknown[]): fc.Arbitrary<Code> {
  return fc.tuple(
    fc.constantFrom(1, 2, 3, 3, 3),
    fc.array(fc.nat(sayings.length - 1), { minLength: 3, maxLength: 3 }),
    fc.nat(7),
  );
}

interface Case {
  readonly answers: ReadonlyMap<string, Answer<ServerObservation>>;
  readonly servers: readonly Server[];
}

function caseOf(
  [count, words, same]: Code,
  answers: readonly (readonly Answer<ServerObservation>[])[],
): Case {
  const hosts = HOSTS.slice(0, count);
  const said = new Map(
    hosts.map(({ name }, index) => {
      const word = (same >> index) % 2 === 0 ? (words[0] ?? 0) : (words[index] ?? 0);
      return [name, answers[word]?.[index] ?? { reachable: false as const, reason: '' }];
    }),
  );
  return { answers: said, servers: serversOf(hosts, said) };
}

const brickOf = (answer: Answer<ServerObservation>): Brick | undefined =>
  answer.reachable ? answer.observed.bricks.get(IMAGES.name) : undefined;

const isUnderstood = (answer: Answer<ServerObservation>): boolean =>
  answer.reachable && answer.observed.answers;

const POOL: Safety<ServerObservation> = {
  mayServe: (answer) => !answer.reachable || brickOf(answer)?.online === true,
  isKnownAtRest: (answer) =>
    answer.reachable &&
    answer.observed.answers &&
    answer.observed.peers.length === 0 &&
    answer.observed.volumes.length === 0,
};

const VOLUME: Safety<ServerObservation> = {
  mayServe: (answer) => !answer.reachable || brickOf(answer)?.online === true,
  isKnownAtRest: (answer) => {
    const brick = brickOf(answer);
    return (
      isUnderstood(answer) &&
      brick !== undefined &&
      !brick.used &&
      !brick.online &&
      !brick.unreadable &&
      brick.volumeId === undefined &&
      brick.unmounted === undefined
    );
  },
};

function hostsOf(decision: ClusterDecision, effects: readonly Effect[]): ReadonlySet<string> {
  if (decision.verdict !== 'change') return new Set();
  return new Set(decision.stages.flat().flatMap(({ host, change }) => (has(change, effects) ? [host] : [])));
}

function expectOneRestart(decision: ClusterDecision): void {
  if (decision.verdict !== 'change') return;
  for (const stage of decision.stages) {
    if (stage.filter(({ change }) => has(change, ['restarts', 'stops', 'kills'])).length > 1) {
      throw new Error(`two management daemons at once: ${inWords(decision.stages)}`);
    }
  }
}

describe('GlusterFS: every decision', () => {
  everyCase(
    'gluster',
    'about the pool never harms a server that may serve; forms one pool, only of reached servers; restarts one glusterd at a time, and restores an identity only on an empty server',
    codes(IN_POOLS),
    (code) => {
      const { answers, servers } = caseOf(code, IN_POOLS);
      const decision = decidePool(servers, CONTEXT);
      expectSafe(decision, answers, POOL);
      expectOneRestart(decision);
      for (const name of hostsOf(decision, ['joins'])) {
        const server = servers.find((one) => one.name === name);
        if (!server || !isReached(server) || mayServe(server)) throw new Error(`${name} may serve`);
        if (server.observed.peers.length + server.observed.volumes.length > 0) {
          throw new Error(`${name} has peers or volumes`);
        }
      }
    },
  );

  everyCase(
    'gluster',
    'about a volume never harms a server that may serve; creates it only on empty bricks; heals only onto a brick observed to be empty, while no other copy with data is offline',
    codes(IN_VOLUMES),
    (code) => {
      const { answers, servers } = caseOf(code, IN_VOLUMES);
      const decision = decideVolume(servers, IMAGES, CONTEXT);
      expectSafe(decision, answers, VOLUME);
      expectOneRestart(decision);
      const onto = hostsOf(decision, ['joins']);
      const volume = knownVolume(servers, IMAGES.name);
      if (onto.size === 0 || !volume) return;
      for (const server of servers) {
        const answer = answers.get(server.name);
        const isEmpty = answer !== undefined && VOLUME.isKnownAtRest(answer);
        const isCopy = brickPathOf(volume, server) !== undefined;
        const isOnline = answer !== undefined && brickOf(answer)?.online === true;
        if (!isEmpty && (onto.has(server.name) || (isCopy && !isOnline))) {
          throw new Error(`healed onto ${[...onto].join()}, and ${server.name} is not as it has to be`);
        }
      }
    },
  );
});

describe('GlusterFS: every history', () => {
  const faults = fc.array(fc.nat(History.FAULTS * 3 - 1), { minLength: 1, maxLength: 7 });
  everyHistory(
    'gluster',
    'of faults and deployments ends healthy or refused, with one pool and all acknowledged data',
    fc.tuple(fc.constantFrom(1, 2, 3, 3, 3), faults, fc.nat(12)),
    ([count, list, breaksAt]) => {
      const history = new History(HOSTS.slice(0, count), breaksAt);
      history.deploy();
      for (const code of list) {
        history.suffer(code);
        if (code % 2 === 0) history.deploy();
      }
      history.recover();
      history.deploy();
      history.expectEnd();
    },
    1_200,
  );
});

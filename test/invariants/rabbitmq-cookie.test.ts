import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { cookieTaken, type CookieObservation } from '../../playbooks/rabbitmq/cluster/cookie.ts';
import type { Answer, Answers, ClusterDecision } from '../../src/playbook/operation.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { everyCase, everyHistory } from './every-case.ts';
import { HOSTS, NAMES, namesIn, NODES, platform } from './rabbitmq-nodes.ts';

const SYSTEM = 'rabbitmq';

const NOBODY: CookieObservation = { alive: false, file: 'missing', peers: [] };

/** All answers of three nodes about their cookies; peers as bits. */
const cookies = fc.array(fc.tuple(fc.nat(8), fc.nat(7)), { minLength: 3, maxLength: 3 });

function cookieAnswer(node: number, state: number, connected: number): Answer<CookieObservation> {
  const peers = namesIn(connected & ~(1 << node));
  const said: readonly (Partial<CookieObservation> | undefined)[] = [
    undefined,
    {},
    { file: 'other' },
    { file: 'other', alive: true, accepts: 'file', peers },
    { file: 'other', alive: true, accepts: 'file', peers },
    { file: 'other', alive: true, accepts: 'wanted', peers },
    { file: 'wanted', alive: true, accepts: 'wanted', peers },
    { file: 'other', alive: true, silence: { kind: 'refused', said: '' } },
    { file: 'wanted', alive: true, silence: { kind: 'slow', said: '' } },
  ];
  const one = said[state];
  return one ? { reachable: true, observed: { ...NOBODY, ...one } } : { reachable: false, reason: 'away' };
}

describe('every rotation of the Erlang cookie on running nodes', () => {
  const operation = cookieTaken(HOSTS, { platform, cookie: new Secret('erlangCookie', 'V1') });

  everyCase(
    SYSTEM,
    'no node switches its cookie before every connected node has agreed, and none is left behind',
    cookies,
    (states) => {
      const answers = new Map(
        HOSTS.map((host, node): [string, Answer<CookieObservation>] => [
          host.name,
          cookieAnswer(node, ...(states[node] ?? [0, 0])),
        ]),
      );
      const decision = operation.decide(answers);
      const agreed = new Set<string>();
      for (const stage of decision.verdict === 'change' ? decision.stages : []) {
        for (const { host, change } of stage) {
          expect(change.effects).toEqual([]);
          const node = `rabbit@${host}`;
          const answer = answers.get(host);
          if (!answer?.reachable || answer.observed.accepts === undefined)
            throw new Error(`${host} is not known`);
          if (change.summary.startsWith('accept')) {
            agreed.add(`${node} with ${change.summary.split(' ').at(-1) ?? ''}`);
          } else {
            for (const peer of answer.observed.peers) {
              if (!agreed.has(`${peer} with ${node}`)) throw new Error(`${node} moves before ${peer} agreed`);
            }
          }
        }
      }
    },
  );
});

/** Three running nodes and their cookies, as numbers: they connect if both sides use the same cookie for each other. */
class Cookies {
  readonly own = [0, 0, 0];
  readonly file = [0, 0, 0];
  readonly forPeer: (number | undefined)[][] = NODES.map(() => []);

  of(node: number, peer: number): number {
    return this.forPeer[node]?.[peer] ?? this.own[node] ?? -1;
  }

  agree(one: number, other: number): boolean {
    return this.of(one, other) === this.of(other, one);
  }

  /** A crash and restart: state in memory is lost. */
  restart(node: number): void {
    this.own[node] = this.file[node] ?? -1;
    this.forPeer[node] = [];
  }

  decide(wanted: number): ClusterDecision {
    const key = JSON.stringify([wanted, this.own, this.file, this.forPeer]);
    const known = decisions.get(key) ?? OPERATIONS[wanted]?.decide(this.observe(wanted));
    if (!known) throw new Error(`no cookie ${wanted}`);
    decisions.set(key, known);
    return known;
  }

  private observe(wanted: number): Answers<CookieObservation> {
    return new Map(
      HOSTS.map((host, node): [string, Answer<CookieObservation>] => {
        const own = this.own[node];
        const file = this.file[node] === wanted ? 'wanted' : 'other';
        const accepts = own === wanted ? 'wanted' : own === this.file[node] ? 'file' : undefined;
        const silence = { kind: 'refused', said: 'it refuses the Erlang cookie' } as const;
        const peers = NODES.filter((peer) => peer !== node && this.agree(node, peer));
        const observed = {
          alive: true,
          file,
          accepts,
          silence,
          peers: peers.map((peer) => NAMES[peer] ?? ''),
        } as const;
        return [host.name, { reachable: true, observed }];
      }),
    );
  }

  /** Makes up to `most` changes; `isHalf` interrupts the last one between the node and its file. */
  carryOut(wanted: number, most: number, isHalf: boolean): void {
    const decision = this.decide(wanted);
    const stages = decision.verdict === 'change' ? decision.stages : [];
    let left = most;
    for (const { host, change } of stages.flat()) {
      if (left === 0) return;
      left -= 1;
      const node = HOSTS.findIndex(({ name }) => name === host);
      const about = NAMES.findIndex((name) => change.summary.includes(name));
      const known = this.forPeer[node] ?? [];
      if (about >= 0) {
        known[about] = wanted;
        continue;
      }
      for (const each of NODES) known[each] = wanted;
      this.own[node] = wanted;
      if (left > 0 || !isHalf) this.file[node] = wanted;
    }
    // The next step: files of nodes that have switched.
    for (const node of NODES) if (left > 0 && this.own[node] === wanted) this.file[node] = wanted;
  }

  /** Pairs that could not connect. */
  apart(): number {
    return [
      [0, 1],
      [0, 2],
      [1, 2],
    ].filter(([one = 0, other = 0]) => !this.agree(one, other)).length;
  }
}

/** Caches decisions, which are pure. */
const decisions = new Map<string, ClusterDecision>();

const OPERATIONS = [0, 1, 2, 3].map((value) =>
  cookieTaken(HOSTS, { platform, cookie: new Secret('erlangCookie', `V${value}`) }),
);

/** Runs that are interrupted after some changes, half of them within one, each followed by a node's restart. */
const runs = fc.array(fc.tuple(fc.nat(9), fc.boolean(), fc.nat(5)), { minLength: 1, maxLength: 4 });

describe('every history of rotations', () => {
  everyHistory(
    SYSTEM,
    'rotations that are interrupted anywhere, with restarts in between, end with one cookie when run again',
    runs,
    (broken) => {
      const cookies = new Cookies();
      for (const [most, isHalf, restarted] of broken) {
        cookies.carryOut(1, most, isHalf);
        if (restarted < 3) cookies.restart(restarted);
      }
      cookies.carryOut(1, Infinity, false);
      expect(cookies.decide(1).verdict).toBe('converged');
      expect(cookies.own).toEqual([1, 1, 1]);
      expect(cookies.file).toEqual([1, 1, 1]);
      expect(cookies.apart()).toBe(0);
    },
  );

  everyHistory(
    SYSTEM,
    'while running nodes switch, at most the pairs of the next node could not reconnect',
    fc.tuple(fc.nat(2), fc.nat(9), fc.nat(9)),
    ([before, first, most]) => {
      const cookies = new Cookies();
      for (let wanted = 1; wanted <= before; wanted += 1) cookies.carryOut(wanted, Infinity, false);
      cookies.carryOut(before + 1, first, false);
      cookies.carryOut(before + 1, most, false);
      // Its peers have agreed, but it has not switched.
      expect(cookies.apart()).toBeLessThanOrEqual(2);
      cookies.carryOut(before + 1, Infinity, false);
      expect(cookies.apart()).toBe(0);
    },
    2_000,
  );
});

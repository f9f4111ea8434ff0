import type { Host } from '../../src/inventory/types.ts';
import { decideFormation, noPlaceholder } from '../../playbooks/pacemaker/cluster/formation.ts';
import { isPlaceholder } from '../../playbooks/pacemaker/cluster/member-state.ts';
import type { Change, ClusterDecision } from '../../src/playbook/operation.ts';
import {
  answersOf,
  confOf,
  hasQuorum,
  joinedBy,
  observed,
  OPTIONS,
  settle,
  SHIPPED,
  uuidOf,
  wipe,
  type Member,
  type World,
} from './pacemaker-world.ts';
import { Foretold } from './foretold.ts';

/** The maximum number of rounds in the runner. */
const MAX_ROUNDS = 6;
const PLACEHOLDER = noPlaceholder(OPTIONS.corosyncConf);

export interface Outcome {
  readonly end: 'converged' | 'refused' | 'failed' | 'stuck' | 'interrupted';
  readonly rounds: number;
  readonly reason: string;
}

/**
 * Runs the phase up to its formation like the runner, or until it is interrupted after a number of stages. `held` is called
 * after each change.
 */
export function deploy(world: World, held: () => void, stages = Infinity): Outcome {
  const members = world.members.map(({ host }) => host);
  let before = '';
  let left = stages;
  for (const one of world.members) {
    if (!one.powered || !one.reachable || one.conf !== SHIPPED) continue;
    const state = observed(world, one);
    if (PLACEHOLDER.decide(state).length === 0) continue;
    if (!isPlaceholder(state) || (one.runs !== undefined && one.runs !== 'debian'))
      throw new Error('it serves');
    wipe(one);
    held();
  }
  const foretold = new Foretold();
  for (let round = 1; ; round += 1) {
    const decision: ClusterDecision = decideFormation(members, answersOf(world), OPTIONS);
    foretold.next(decision);
    if (decision.verdict === 'converged') return { end: 'converged', rounds: round, reason: '' };
    if (decision.verdict === 'refuse') return { end: 'refused', rounds: round, reason: decision.reason };
    const now = decision.stages
      .flatMap((stage) => stage.map(({ host, change }) => host + change.summary))
      .join();
    if (now === before || round > MAX_ROUNDS) return { end: 'stuck', rounds: round, reason: now };
    before = now;
    for (const stage of decision.stages) {
      left -= 1;
      if (left < 0) return { end: 'interrupted', rounds: round, reason: now };
      // All changes of a stage start concurrently, and wait for each other.
      const done = stage.map(({ host, change }) => apply(world, host, change));
      if (!done.every((finish) => finish())) return { end: 'failed', rounds: round, reason: now };
      settle(world);
      held();
    }
  }
}

/** Begins a change; the returned function ends it, and returns false if it fails. */
function apply(world: World, on: string, { summary, script }: Change): () => boolean {
  const member = world.members.find(({ host }) => host.name === on);
  if (!member?.powered || !member.reachable) return () => false;
  const failed = (): boolean => false;
  const done = (): boolean => true;
  const [, names = ''] = /^(?:add|remove) (.+?) (?:to|from) /.exec(summary) ?? [];
  const meant = world.members.filter(({ host }) => names.split(', ').includes(host.name));
  // pcs connects to pcsd on every host concerned.
  const answer = (all: readonly Member[]): boolean =>
    all.every(({ powered, side }) => powered && side === member.side);
  if (summary.startsWith('authenticate')) {
    for (const one of world.members) if (one.powered && one.reachable) one.loggedIn = true;
    return done;
  }
  if (summary.startsWith('start')) return start(world, member, script);
  if (summary.startsWith('set up')) {
    if (!answer(world.members)) return failed;
    world.formed += 1;
    for (const one of world.members) {
      if (one.conf || one.runs || one.cib !== undefined) return failed;
      join(
        one,
        world.members.map(({ host }) => host),
        `uuid-${world.formed}`,
        0,
      );
    }
    return done;
  }
  const listed = world.members.filter(({ host }) =>
    member.conf?.nodes.some(({ name }) => name === host.name),
  );
  const staying = listed.filter((one) => !meant.includes(one));
  if (summary.startsWith('remove')) {
    for (const one of meant) wipe(one);
    const hosts = staying.map(({ host }) => host);
    for (const one of staying) if (one.powered) one.conf = confOf(hosts, uuidOf(member.conf));
    return done;
  }
  if (!summary.startsWith('add')) throw new Error(`unknown: ${summary}`);
  if (!answer([...listed, ...meant]) || meant.some(({ conf, runs }) => conf ?? runs)) return failed;
  const all = world.members.filter((one) => listed.includes(one) || meant.includes(one));
  const hosts = all.map(({ host }) => host);
  for (const one of listed) one.conf = confOf(hosts, uuidOf(member.conf));
  for (const one of meant) join(one, hosts, uuidOf(member.conf), undefined);
  return done;
}

function join(one: Member, hosts: readonly Host[], uuid: string, cib: number | undefined): void {
  const conf = confOf(hosts, uuid);
  Object.assign(one, { conf, read: conf, runs: uuid, pacemaker: true, cib, loggedIn: true });
}

function start(world: World, member: Member, script: string): () => boolean {
  if (member.runs === undefined) member.read = member.conf;
  member.runs ??= uuidOf(member.conf);
  member.cib ??= 0;
  return () => {
    const needsQuorum = script.includes('corosync-quorumtool');
    if (joinedBy(world, member).length === world.members.length) member.sawAll = true;
    const needsBoth = script.includes('^Nodes: *2');
    if (needsQuorum && !hasQuorum(world, member)) return false;
    if (needsBoth && joinedBy(world, member).length < 2) return false;
    member.pacemaker = true;
    return true;
  };
}

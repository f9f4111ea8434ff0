import {
  type ClusterDecision,
  type Decided,
  clusterChange,
  type HostChange,
  quote,
  newerThanStart,
} from 'osha';
import * as changes from './changes.ts';
import { bootstrapCommand, settle } from './changes.ts';
import {
  type DecisionContext,
  reachedOf,
  refuseMovedDirectory,
  elect,
  chosenMember,
  names,
  refuseElection,
  recoverPositions,
  refuseLoss,
  refuseStandalone,
  refuseUnqueryable,
  refuseMissingData,
  type Elected,
} from './election.ts';
import {
  evidenceOf,
  isNonPrimary,
  isPrimary,
  isUnreachable,
  type Member,
  isAtRest,
  ownDatabases,
  servesAlone,
  clusterOf,
  clustersOf,
  isSynced,
  seqnoOf,
  type Reached,
  type Running,
} from './members.ts';
import { CLUSTER } from './observe.ts';
import type { Arbitrator } from '../arbitrator.ts';

/**
 * Decides what a Galera cluster needs, from the observations of its members. In this order:
 *
 * 0. A server runs but cannot be queried: it may serve clients and be the live cluster, so nothing is changed.
 * 1. A Primary component exists: the other members join it, and members on an older configuration are restarted one at
 *    a time.
 * 2. A server is starting or stopping: osha waits for it, because it may turn out to be Primary.
 * 3. Members run, but none has quorum: the one with the newest data is promoted, without a restart if it runs.
 * 4. Nothing runs: the cluster is formed for the first time on the first member, or again on the one with the newest
 *    data.
 *
 * Only case 1 continues with unreachable members: in the others, an unreachable member may be a live cluster or hold
 * the newest data. Only the operator can rule that out (`bootstrapFrom`).
 */
export function decideCluster(members: readonly Member[], context: DecisionContext): ClusterDecision {
  return { ...decideByCase(members, context), evidence: evidenceOf(members) };
}

function decideByCase(members: readonly Member[], context: DecisionContext): Decided {
  if (context.bootstrapFrom !== undefined && !members.some(({ name }) => name === context.bootstrapFrom)) {
    return {
      verdict: 'refuse',
      reason: `${context.bootstrapFrom} is not a member of the cluster`,
      hint: `choose one of ${members.map((member) => member.name).join(', ')}: osha deploy INVENTORY --bootstrap-from HOST`,
    };
  }
  const unqueryable = refuseUnqueryable(members);
  if (unqueryable) return unqueryable;
  if (members.some(isPrimary)) return decideLive(members, context);
  const starting = members.filter((member) => member.kind === 'starting');
  if (starting.length > 0) {
    const certain = context.bootstrapFrom !== undefined || !members.some(isUnreachable);
    return {
      verdict: 'change',
      because: `mariadb is starting or stopping on ${starting.map((member) => member.name).join(', ')}; whether a Primary component exists is known afterwards`,
      stages: [starting.map((member) => settle(context, member.name, certain))],
      then: 'whether a Primary component exists',
    };
  }
  const moved = reachedOf(members).filter(({ observed }) => observed.moved !== undefined);
  if (moved.length > 0) return refuseMovedDirectory(moved);
  const decided = members.some(isNonPrimary)
    ? decideWithoutQuorum(members, context)
    : decideAtRest(members, context);
  return stopArbitratorFirst(decided, context);
}

/** Decides while a Primary component exists: all other members join it. */
function decideLive(members: readonly Member[], context: DecisionContext): Decided {
  const live = members.filter(isPrimary);
  const split = refuseSplitBrain(live);
  if (split) return split;
  const uuid = live[0]?.server.uuid;
  const outside = reachedOf(members).filter((member) => !isSynced(member));
  const mayOverwrite = live.some((member) => member.name === context.bootstrapFrom);
  const strangers = outside.filter((member) => clustersOf(member).some((other) => other !== uuid));
  if (strangers.length > 0 && !mayOverwrite) return refuseOtherCluster(strangers, live);
  const unseen = outside.filter(({ observed }) => observed.installed && observed.data === 'unknown');
  if (unseen.length > 0 && !mayOverwrite) return refuseMissingData(unseen);
  const further = refuseNewerOutside(live, outside);
  if (further && !mayOverwrite) return further;
  const overwritten = outside.filter((member) => ownDatabases(member).length > 0);
  if (overwritten.length > 0 && !mayOverwrite) return refuseOverwrite(overwritten, live[0]?.name ?? '');
  const serving = outside.filter(servesAlone);
  if (serving.length > 0) return refuseStandalone(serving);
  const outdated = live.filter((member) => newerThanStart(member.observed.unit).length > 0);
  if (outside.length === 0 && outdated.length === 0) return { verdict: 'converged' };
  const moved = [...outside, ...outdated].filter(({ observed }) => observed.moved !== undefined);
  if (moved.length > 0) return refuseMovedDirectory(moved);
  const missing = members.filter(isUnreachable);
  if (outside.length === 0 && missing.length > 0) {
    return {
      verdict: 'refuse',
      reason: `cannot restart ${names(outdated)} on its newer configuration while ${names(missing)} cannot be reached`,
      hint: `bring ${names(missing)} back first`,
    };
  }
  // These join without a restart, still on the configuration that they started with.
  const later = outside.filter(
    ({ kind, observed }) =>
      kind !== 'stopped' && kind !== 'alone' && newerThanStart(observed.unit).length > 0,
  );
  return {
    verdict: 'change',
    because: explain(live, outside, outdated),
    stages: [
      ...outside.map((member) => [changeToJoin(context, member, mayOverwrite)]),
      ...(missing.length > 0 ? [] : outdated.map((member) => [restartOf(context, member)])),
    ],
    ...(later.length > 0 ? { then: `when ${names(later)} is restarted on its newer configuration` } : {}),
  };
}

function explain(
  live: readonly Running[],
  outside: readonly Reached[],
  outdated: readonly Running[],
): string {
  const parts: string[] = [];
  if (outside.length > 0) parts.push(`${names(live)} has quorum; not Synced with it: ${names(outside)}`);
  if (outdated.length > 0)
    parts.push(`the configuration of ${names(outdated)} is newer than the running server`);
  return parts.join('; ');
}

/** Returns the change that lets a member join. Those that cannot be queried are refused earlier. */
function changeToJoin(context: DecisionContext, member: Reached, overwrite: boolean): HostChange {
  switch (member.kind) {
    case 'primary':
    case 'starting':
    case 'refusing':
    case 'silent':
      return changes.awaitMember(context, member.name);
    case 'nonPrimary':
      return changes.rejoin(context, member.name);
    case 'alone':
    case 'stopped':
      return changes.join(context, member.name, overwrite);
  }
}

function restartOf(context: DecisionContext, member: Running): HostChange {
  const { unit } = member.observed;
  const newer = newerThanStart(unit);
  const ahead = newer.filter((path) => (unit.changed.get(path) ?? 0) > unit.now);
  return changes.restart(context, member.name, `${newer.join(', ')} is newer`, ahead);
}

/** Refuses if members are Primary in separate components: both sides take writes. */
function refuseSplitBrain(live: readonly Running[]): Decided | undefined {
  const uuids = new Set(live.map((member) => member.server.uuid));
  const apart = live.some((member) => member.server.size < live.length);
  if (uuids.size === 1 && !apart) return undefined;
  return {
    verdict: 'refuse',
    reason: `${names(live)} are Primary, but not in one component: ${live
      .map(({ name, server }) => `${name} in a cluster of ${server.size} with uuid ${server.uuid}`)
      .join('; ')}`,
    hint: 'both sides take writes: save the writes of the side to discard, stop mariadb on it, and run again',
  };
}

function refuseOtherCluster(strangers: readonly Reached[], live: readonly Running[]): Decided {
  return {
    verdict: 'refuse',
    reason: `${names(strangers)} has data of another cluster than ${names(live)}; joining would overwrite it`,
    hint: `save that data, then let the live cluster overwrite it: ${bootstrapCommand(live[0]?.name)}`,
  };
}

/**
 * Refuses if members outside have transactions that the live cluster lacks, because it was formed without them. Galera
 * itself would not let them join. A crashed member with an unknown position is compared by Galera when it starts.
 */
function refuseNewerOutside(live: readonly Running[], outside: readonly Reached[]): Decided | undefined {
  const newest = Math.max(...live.map(({ server }) => server.lastCommitted));
  const further = outside.filter(
    (member) => member.kind !== 'primary' && clusterOf(member) !== undefined && seqnoOf(member) > newest,
  );
  if (further.length === 0) return undefined;
  const what = further.map((member) => `up to ${seqnoOf(member)} on ${member.name}`).join(', ');
  return {
    verdict: 'refuse',
    reason: `${names(live)} has transactions up to ${newest}; joining would overwrite newer ones: ${what}`,
    hint: `if that server has just stopped, run again; otherwise save that data, then let the live cluster overwrite it: ${bootstrapCommand(live[0]?.name)}`,
  };
}

/**
 * Decides while members run without quorum: promotes the survivor with the newest data, without a restart. A stopped
 * member may have newer data than every survivor, if they were cut off from it earlier: then the survivors are stopped,
 * and the cluster is formed with all members at rest.
 */
function decideWithoutQuorum(members: readonly Member[], context: DecisionContext): Decided {
  const blocked = refuseElection(members, context);
  if (blocked) return blocked;
  const serving = reachedOf(members).filter(servesAlone);
  if (serving.length > 0) return refuseStandalone(serving);
  const chosen = chosenMember(members, context);
  if (chosen && 'verdict' in chosen) return chosen;
  const unknown = chosen ? undefined : recoverPositions(members, context);
  if (unknown) return unknown;
  const elected = chosen ?? elect(members);
  const survivors = members.filter(isNonPrimary);
  if (!elected) {
    return {
      verdict: 'refuse',
      reason: `${names(survivors)} runs without quorum and belongs to no cluster`,
      hint: `form the cluster from the member with the correct data: ${bootstrapCommand()}`,
    };
  }
  const { member: first, why } = elected;
  const others = reachedOf(members).filter((member) => member !== first);
  const overwritten = others.filter((member) => ownDatabases(member).length > 0);
  if (!chosen && overwritten.length > 0) return refuseOverwrite(overwritten, first.name);
  const loss = chosen ? undefined : refuseLoss(members, elected);
  if (loss) return loss;
  if (isAtRest(first)) {
    return {
      verdict: 'change',
      because: `${names(survivors)} runs without quorum, but ${first.name} is to be bootstrapped: ${why}; running members are stopped, then the cluster is formed`,
      stages: survivors.map((member) => [
        changes.stop(context, member.name, `the cluster continues with the data of ${first.name}`),
      ]),
      then: `how the cluster is formed from ${first.name}`,
    };
  }
  const apart = others.filter(mayFormItself);
  const outdated = survivors.filter(({ observed }) => newerThanStart(observed.unit).length > 0);
  return {
    verdict: 'change',
    because: `no running member has quorum; ${first.name} is promoted: ${why}`,
    stages: [
      ...(apart.length > 0 ? [apart.map((member) => changes.clearSafeFlag(context, member.name))] : []),
      [changes.promote(context, first.name, why)],
      ...others.map((member) => [
        isNonPrimary(member)
          ? changes.rejoin(context, member.name)
          : changes.join(context, member.name, chosen !== undefined),
      ]),
    ],
    ...(outdated.length > 0
      ? { then: `when ${names(outdated)} is restarted on its newer configuration` }
      : {}),
  };
}

/** Decides while no member runs in a cluster: forms it for the first time, or again from the newest data. */
function decideAtRest(members: readonly Member[], context: DecisionContext): Decided {
  const blocked = refuseElection(members, context);
  if (blocked) return blocked;
  const serving = reachedOf(members).filter(servesAlone);
  const chosen = chosenMember(members, context);
  if (chosen && 'verdict' in chosen) return chosen;
  if (chosen) {
    const others = serving.filter((member) => member !== chosen.member);
    if (others.length > 0) return refuseStandalone(others);
    if (serving.length > 0) return stopStandaloneFirst(chosen.member, context);
    return formFrom(
      members,
      chosen,
      context,
      `the cluster is formed from ${chosen.member.name}, as requested`,
    );
  }
  const reached = reachedOf(members);
  if (serving.length > 0 && reached.some(({ observed }) => observed.saved)) return refuseStandalone(serving);
  const unknown = recoverPositions(members, context);
  if (unknown) return unknown;
  if (reached.every((member) => clusterOf(member) === undefined)) return formFirst(members, context);
  const elected = elect(members);
  if (!elected) {
    return {
      verdict: 'refuse',
      reason: 'the data of every member is marked as damaged (grastate.dat has the zero uuid)',
      hint: `check the data, then form the cluster from the member with the correct data: ${bootstrapCommand()}`,
    };
  }
  const overwritten = reached.filter(
    (member) => member !== elected.member && ownDatabases(member).length > 0,
  );
  if (overwritten.length > 0) return refuseOverwrite(overwritten, elected.member.name);
  const loss = refuseLoss(members, elected);
  if (loss) return loss;
  return formFrom(
    members,
    elected,
    context,
    `every member is stopped; ${elected.member.name} is bootstrapped: ${elected.why}`,
  );
}

/** Forms the cluster for the first time. One member may have been a standalone server, with databases to keep. */
function formFirst(members: readonly Member[], context: DecisionContext): Decided {
  const reached = reachedOf(members);
  const withData = reached.filter((member) => member.observed.databases.length > 0);
  const first = withData[0] ?? reached[0];
  if (!first) return { verdict: 'converged' };
  if (withData.length > 1) return refuseOverwrite(withData.slice(1), first.name);
  if (servesAlone(first)) return stopStandaloneFirst(first, context);
  const why = withData.length > 0 ? 'it has databases to keep' : 'it is the first';
  return formFrom(
    members,
    { member: first, why },
    context,
    `no member was ever in a cluster; it is formed on ${first.name}: ${why}`,
  );
}

/** Bootstraps one member, then lets the others join one at a time. */
function formFrom(
  members: readonly Member[],
  first: Elected,
  context: DecisionContext,
  because: string,
): Decided {
  const others = reachedOf(members).filter((member) => member !== first.member);
  const flagged = others.filter(mayFormItself);
  return {
    verdict: 'change',
    because: others.length > 0 ? `${because}; then ${names(others)} join` : because,
    stages: [
      ...(flagged.length > 0 ? [flagged.map((member) => changes.clearSafeFlag(context, member.name))] : []),
      [changes.bootstrap(context, first.member.name, first.why)],
      ...others.map((member) => [changes.join(context, member.name, context.bootstrapFrom !== undefined)]),
    ],
  };
}

/** Whether a stopped member would form a cluster on its own when started. */
function mayFormItself(member: Reached): boolean {
  const { saved, view } = member.observed;
  return member.kind === 'stopped' && (view || (saved?.safeToBootstrap ?? false));
}

/**
 * Stops a standalone server before the cluster is formed from it, as a separate decision: the data found on it at rest
 * is what the cluster starts with.
 */
function stopStandaloneFirst(member: Reached, context: DecisionContext): Decided {
  return {
    verdict: 'change',
    because: `${member.name} runs without replication and has databases to keep: it is stopped, then the cluster is formed from it`,
    stages: [[changes.stopStandalone(context, member.name)]],
    then: `how the cluster is formed from ${member.name}`,
  };
}

function refuseOverwrite(overwritten: readonly Reached[], by: string): Decided {
  const what = overwritten
    .map((member) => `${member.observed.databases.join(', ') || 'databases'} on ${member.name}`)
    .join('; ');
  return {
    verdict: 'refuse',
    reason: `a joining member receives all data of the cluster, which would overwrite ${what}`,
    hint: `save and drop these databases, or let the data of ${by} overwrite them: ${bootstrapCommand(by)}`,
  };
}

/**
 * Adds a stop of the arbitrator to a decision that bootstraps or promotes a member. When all members shut down cleanly,
 * the arbitrator keeps a quorum of its own, and a newly bootstrapped member would meet it as a second cluster. A later
 * step starts it again.
 */
function stopArbitratorFirst(decided: Decided, context: DecisionContext): Decided {
  const { arbitrator } = context;
  if (!arbitrator || decided.verdict !== 'change') return decided;
  if (!arbitrator.state) {
    if (context.bootstrapFrom !== undefined) return decided;
    const first = decided.stages.flat().find(({ change }) => {
      return change.effects?.includes('forms') || change.effects?.includes('promotes');
    });
    return {
      verdict: 'refuse',
      reason: `no member has quorum, and the arbitrator on ${arbitrator.name} cannot be reached: it may hold a quorum of its own`,
      hint: `bring ${arbitrator.name} back, or make sure that it is off, then form the cluster without it: ${bootstrapCommand(first?.host)}`,
    };
  }
  if (arbitrator.state.active === 'inactive' || arbitrator.state.active === 'failed') return decided;
  return { ...decided, stages: [[stopArbitrator(arbitrator)], ...decided.stages] };
}

function stopArbitrator({ name, unit }: Arbitrator): HostChange {
  const change = clusterChange({
    cluster: CLUSTER,
    unit,
    effects: ['stops'],
    summary: 'stop the arbitrator until the cluster is back',
    script: `systemctl stop -- ${quote(unit)}`,
    seconds: 120,
  });
  return { host: name, change };
}

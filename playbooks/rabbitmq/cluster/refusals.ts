import type { Decided } from 'osha';
import {
  holdingsOf,
  isAlone,
  isAtRest,
  isClustered,
  isIdle,
  isPaused,
  isReached,
  isRunning,
  isSilent,
  isUnreachable,
  names,
  stateOf,
  viewOf,
  type Member,
  type Reached,
  type Running,
} from './members.ts';

type Refusal = Extract<Decided, { verdict: 'refuse' }>;

function refuse(reason: string, hint: string): Refusal {
  return { verdict: 'refuse', reason, hint };
}

/** What ends a pause. */
export const PAUSED_HINT =
  'bring the other nodes, or the network between them, back: it then starts again on its own';

/** What forbids every change, whatever else there is to do. */
export function forbidden(
  members: readonly Member[],
  reached: readonly Reached[],
  live: readonly Running[],
): Refusal | undefined {
  return (
    partitioned(members) ??
    twoClusters(reached) ??
    disowned(reached, live) ??
    disagreeing(reached, live) ??
    outOfSight(members, reached)
  );
}

function partitioned(members: readonly Member[]): Refusal | undefined {
  const cut = members.filter(isRunning).filter(({ status }) => status.partitions.length > 0);
  if (cut.length === 0) return undefined;
  return refuse(
    `the cluster is partitioned: ${cut
      .map(({ name, status }) => `${name} was cut off from ${status.partitions.join(', ')}`)
      .join('; ')}; both sides may have taken messages`,
    'restart rabbitmq on the side whose messages to discard, one node at a time (systemctl restart rabbitmq-server), and run again',
  );
}

/** Members that know of other nodes, none of them in common: two clusters. */
function twoClusters(reached: readonly Reached[]): Refusal | undefined {
  const clustered = reached.filter(isClustered);
  for (const one of clustered) {
    const other = clustered.find((member) => !viewOf(member).some((node) => viewOf(one).includes(node)));
    if (other) {
      return refuse(
        `there are two clusters: ${viewOf(one).join(', ')} and ${viewOf(other).join(', ')}`,
        'take one of them apart, after moving its messages (rabbitmqctl stop_app, reset, start_app on its nodes), and run again',
      );
    }
  }
  return undefined;
}

/** A node that is up and takes itself for a member of a cluster that does not know it. It may hold messages. */
function disowned(reached: readonly Reached[], live: readonly Running[]): Refusal | undefined {
  const up = reached.filter(
    (member) =>
      (isRunning(member) || isIdle(member)) &&
      isClustered(member) &&
      live.length > 0 &&
      !live.some((other) => viewOf(other).includes(member.node)),
  );
  if (up.length === 0) return undefined;
  return refuse(
    `${names(up)} runs and remembers a cluster that has forgotten it; it may hold messages that the cluster does not have`,
    `move its messages, then on ${names(up)}: rabbitmqctl stop_app; rabbitmqctl force_reset; rabbitmqctl start_app; and run again`,
  );
}

/**
 * A node that lost its data came up alone, and the others, which remember it as one of theirs, do not run. They refuse
 * to start while it says otherwise; it must not win over what they hold.
 */
function disagreeing(reached: readonly Reached[], live: readonly Running[]): Refusal | undefined {
  if (live.length > 0) return undefined;
  const alone = reached.filter(isAlone);
  const asleep = reached.filter((member) => !isRunning(member) && isClustered(member));
  const against = alone.filter(({ node }) => asleep.some((member) => viewOf(member).includes(node)));
  if (against.length === 0) return undefined;
  const held = against.map((member) => `${member.name} holds ${inWords(holdingsOf(member))}`).join('; ');
  return refuse(
    `${names(against)} runs as a cluster of its own, while the cluster on ${names(asleep)} has it as a member: RabbitMQ does not start there as long as it disagrees (${held})`,
    `the cluster's data is on ${names(asleep)}. Stop the other (on ${names(against)}: systemctl stop rabbitmq-server) and run again: it joins when they run`,
  );
}

function outOfSight(members: readonly Member[], reached: readonly Reached[]): Refusal | undefined {
  if (reached.some(isClustered)) return undefined;
  const missing = members.filter(isUnreachable);
  if (missing.length > 0) {
    return refuse(
      `no cluster is in sight, and ${names(missing)} cannot be reached: it may be there`,
      `bring ${names(missing)} back first`,
    );
  }
  return reached.some(isSilent) ? silent(reached) : undefined;
}

/** What a node would lose that has to be reset to join. */
export function ownData(guarded: readonly Running[]): Refusal {
  const what = guarded.map((member) => `${inWords(holdingsOf(member))} on ${member.name}`).join('; ');
  return refuse(
    `a node is reset when it joins; that would delete ${what}`,
    'move the messages to the cluster and delete what is left there, or reset the node on purpose (rabbitmqctl stop_app; rabbitmqctl reset; rabbitmqctl start_app), and run again',
  );
}

/** What stands between a cluster with nothing left to start and one in which every member runs. */
export function stuck(reached: readonly Reached[], forgotten: readonly Reached[]): Refusal | undefined {
  if (reached.some(isSilent)) return silent(reached);
  const paused = reached.filter(isPaused);
  if (paused.length > 0) {
    return refuse(
      `${names(paused)} has paused itself, because it sees a minority of its cluster; to start it now would make two of one`,
      PAUSED_HINT,
    );
  }
  if (forgotten.length === 0) return undefined;
  const kept = forgotten.map(
    (member) => `${member.name} (${stateOf(member)}; files of ${member.observed.keeps ?? 'unknown'} queues)`,
  );
  return refuse(
    `the cluster has forgotten ${kept.join(', ')}, whose data may hold messages that the cluster does not have`,
    `where it does not: on ${names(forgotten)}, move the node's folder below /var/lib/rabbitmq/mnesia aside, and run again`,
  );
}

/** Members that run and do not answer: nothing is known of their clients, so nothing is done to them. */
function silent(reached: readonly Reached[]): Refusal {
  const quiet = reached.filter(isSilent);
  const said = quiet.map((member) => `${member.name} ${stateOf(member)}`).join('; ');
  return refuse(`${said}; what may serve clients is not restarted`, hintOf(quiet));
}

/** What to do about members that run and do not answer. */
export function hintOf(quiet: readonly Reached[]): string {
  const kinds = new Set(quiet.map(({ observed }) => observed.silence?.kind ?? 'slow'));
  const hints = [
    ...(kinds.has('refused')
      ? [
          'a running node takes the cookie of the inventory without a restart: osha deploy INVENTORY --only rabbitmq',
        ]
      : []),
    ...(kinds.has('unreachable')
      ? [
          `a running node registers with epmd again within a minute; check epmd -names and the host's name on ${names(quiet)}`,
        ]
      : []),
    ...(kinds.has('slow')
      ? [
          `check its load and journalctl -u rabbitmq-server on ${names(quiet)}; if it stays so, restart one node at a time (systemctl restart rabbitmq-server)`,
        ]
      : []),
  ];
  return hints.join('. ');
}

/** Why no node may be restarted, or be changed between disc and memory, now. */
export function notSpared(members: readonly Member[], wanting: string): Refusal | undefined {
  const away = members.filter((member) => !isRunning(member));
  if (away.length > 0) {
    const how = away.some((member) => !isReached(member)) ? 'cannot be reached' : 'does not run';
    return refuse(
      `${wanting}, and the cluster cannot spare it while ${names(away)} ${how}`,
      `bring ${names(away)} back first`,
    );
  }
  const running = members.filter(isRunning);
  const blind = running.filter(
    ({ status }) => !running.every(({ node }) => status.runningMembers.includes(node)),
  );
  if (blind.length > 0) {
    return refuse(
      `${wanting}, and ${names(blind)} does not see every other node run`,
      'see which nodes see each other: osha status INVENTORY --only rabbitmq',
    );
  }
  const foreign = running.filter(({ observed }) => observed.unit.active !== 'active');
  if (foreign.length === 0) return undefined;
  return refuse(
    `${wanting}, and the broker on ${names(foreign)} does not run in its unit`,
    `stop what started it there, then: systemctl start rabbitmq-server on ${names(foreign)}`,
  );
}

/** A node that is at rest and that its cluster has forgotten, with evidence that its disc has no queue. */
export function isSafelyForgotten(member: Reached): boolean {
  return isAtRest(member) && member.observed.keeps === 0;
}

function inWords(held: readonly string[]): string {
  return held.length > 0 ? held.join(', ') : 'nothing';
}

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

/** Refuses in situations in which no change at all is safe. */
export function refuseAlways(
  members: readonly Member[],
  reached: readonly Reached[],
  live: readonly Running[],
): Refusal | undefined {
  return (
    refusePartition(members) ??
    refuseTwoClusters(reached) ??
    refuseDisowned(reached, live) ??
    refuseDisagreement(reached, live) ??
    refuseUnseen(members, reached)
  );
}

function refusePartition(members: readonly Member[]): Refusal | undefined {
  const cut = members.filter(isRunning).filter(({ status }) => status.partitions.length > 0);
  if (cut.length === 0) return undefined;
  return refuse(
    `the cluster is partitioned: ${cut
      .map(({ name, status }) => `${name} was cut off from ${status.partitions.join(', ')}`)
      .join('; ')}; both sides may have taken messages`,
    'restart rabbitmq on the side whose messages to discard, one node at a time (systemctl restart rabbitmq-server), then run again',
  );
}

/** Refuses if members know other nodes without any in common: two clusters. */
function refuseTwoClusters(reached: readonly Reached[]): Refusal | undefined {
  const clustered = reached.filter(isClustered);
  for (const one of clustered) {
    const other = clustered.find((member) => !viewOf(member).some((node) => viewOf(one).includes(node)));
    if (other) {
      return refuse(
        `there are two clusters: ${viewOf(one).join(', ')} and ${viewOf(other).join(', ')}`,
        'move the messages of one cluster and dissolve it (rabbitmqctl stop_app, reset, start_app on its nodes), then run again',
      );
    }
  }
  return undefined;
}

/** Refuses if a node is up and remembers a cluster that no longer lists it: it may hold messages. */
function refuseDisowned(reached: readonly Reached[], live: readonly Running[]): Refusal | undefined {
  const up = reached.filter(
    (member) =>
      (isRunning(member) || isIdle(member)) &&
      isClustered(member) &&
      live.length > 0 &&
      !live.some((other) => viewOf(other).includes(member.node)),
  );
  if (up.length === 0) return undefined;
  return refuse(
    `${names(up)} runs and remembers a cluster that has forgotten it; it may hold messages that the cluster lacks`,
    `move its messages, then on ${names(up)}: rabbitmqctl stop_app; rabbitmqctl force_reset; rabbitmqctl start_app; then run again`,
  );
}

/**
 * Refuses if a node that lost its data came up alone while the others, which remember it as a member, do not run. They
 * do not start while it disagrees, and their data must win.
 */
function refuseDisagreement(reached: readonly Reached[], live: readonly Running[]): Refusal | undefined {
  if (live.length > 0) return undefined;
  const alone = reached.filter(isAlone);
  const stopped = reached.filter((member) => !isRunning(member) && isClustered(member));
  const against = alone.filter(({ node }) => stopped.some((member) => viewOf(member).includes(node)));
  if (against.length === 0) return undefined;
  const held = against.map((member) => `${member.name} holds ${inWords(holdingsOf(member))}`).join('; ');
  return refuse(
    `${names(against)} runs as a cluster of its own, but the cluster on ${names(stopped)} lists it as a member: RabbitMQ does not start there while it disagrees (${held})`,
    `the cluster's data is on ${names(stopped)}. On ${names(against)}, run systemctl stop rabbitmq-server, then run again: it joins once the others run`,
  );
}

function refuseUnseen(members: readonly Member[], reached: readonly Reached[]): Refusal | undefined {
  if (reached.some(isClustered)) return undefined;
  const missing = members.filter(isUnreachable);
  if (missing.length > 0) {
    return refuse(
      `no reachable node is in a cluster, and ${names(missing)} cannot be reached: the cluster may be there`,
      `bring ${names(missing)} back first`,
    );
  }
  return reached.some(isSilent) ? refuseSilent(reached) : undefined;
}

/** Refuses to reset nodes that hold data. */
export function refuseReset(guarded: readonly Running[]): Refusal {
  const what = guarded.map((member) => `${inWords(holdingsOf(member))} on ${member.name}`).join('; ');
  return refuse(
    `a joining node is reset, which would delete ${what}`,
    'move the messages to the cluster and delete the rest, or reset the node yourself (rabbitmqctl stop_app; rabbitmqctl reset; rabbitmqctl start_app), then run again',
  );
}

/** Refuses if nothing is left to start and some members still do not run. */
export function refuseStuck(reached: readonly Reached[], forgotten: readonly Reached[]): Refusal | undefined {
  if (reached.some(isSilent)) return refuseSilent(reached);
  const paused = reached.filter(isPaused);
  if (paused.length > 0) {
    return refuse(
      `${names(paused)} has paused itself, because it sees only a minority of its cluster; starting it now would split the cluster`,
      PAUSED_HINT,
    );
  }
  if (forgotten.length === 0) return undefined;
  const kept = forgotten.map(
    (member) => `${member.name} (${stateOf(member)}; files of ${member.observed.keeps ?? 'unknown'} queues)`,
  );
  return refuse(
    `the cluster has forgotten ${kept.join(', ')}, whose data may hold messages that the cluster lacks`,
    `if it holds none: on ${names(forgotten)}, move the node's directory in /var/lib/rabbitmq/mnesia aside, then run again`,
  );
}

/** Refuses while members run without answering: they may serve clients, so they are left alone. */
function refuseSilent(reached: readonly Reached[]): Refusal {
  const quiet = reached.filter(isSilent);
  const said = quiet.map((member) => `${member.name} ${stateOf(member)}`).join('; ');
  return refuse(`${said}; a node that may serve clients is not restarted`, hintOf(quiet));
}

/** Hint for members that run without answering. */
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
          `check its load and journalctl -u rabbitmq-server on ${names(quiet)}; if that does not help, restart one node at a time (systemctl restart rabbitmq-server)`,
        ]
      : []),
  ];
  return hints.join('. ');
}

/** How to end a pause. */
export const PAUSED_HINT =
  'bring back the other nodes, or the network between them: it then resumes on its own';

/** Refuses to restart a node, or to change it between disc and ram, unless all others run and see each other. */
export function refuseUnlessAllRun(members: readonly Member[], action: string): Refusal | undefined {
  const away = members.filter((member) => !isRunning(member));
  if (away.length > 0) {
    const how = away.some((member) => !isReached(member)) ? 'cannot be reached' : 'does not run';
    return refuse(`${action} while ${names(away)} ${how}`, `bring ${names(away)} back first`);
  }
  const running = members.filter(isRunning);
  const blind = running.filter(
    ({ status }) => !running.every(({ node }) => status.runningMembers.includes(node)),
  );
  if (blind.length > 0) {
    return refuse(
      `${action} while ${names(blind)} does not see every other node running`,
      'check which nodes see each other: osha status INVENTORY --only rabbitmq',
    );
  }
  const foreign = running.filter(({ observed }) => observed.unit.active !== 'active');
  if (foreign.length === 0) return undefined;
  return refuse(
    `${action} while the broker on ${names(foreign)} does not run in its unit`,
    `on ${names(foreign)}, stop the process that started it, then: systemctl start rabbitmq-server`,
  );
}

/** Whether a forgotten node is at rest and provably has no queues on disc. */
export function isSafelyForgotten(member: Reached): boolean {
  return isAtRest(member) && member.observed.keeps === 0;
}

function inWords(held: readonly string[]): string {
  return held.length > 0 ? held.join(', ') : 'nothing';
}

function refuse(reason: string, hint: string): Refusal {
  return { verdict: 'refuse', reason, hint };
}

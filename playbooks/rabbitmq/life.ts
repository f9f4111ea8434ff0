import {
  type Host,
  type Life,
  type Platform,
  type Probe,
  rabbitmq,
  type Spare,
  spareCheck,
  step,
  within,
} from 'osha';
import { isReached, isRunning, membersOf, names, viewOf, type Member } from './cluster/members.ts';
import { maintenance } from './drained.ts';
import { partitionsOf } from './files/conf.ts';
import type { RabbitmqSettings } from './settings.ts';

/** What a node reports, and for the node in question, the queues that depend on it. */
export interface SpareObservation extends rabbitmq.NodeObservation {
  /** Why queues would be lost or blocked without the node; absent if none would be, or if it was not asked. */
  readonly queuesNeedIt?: string | undefined;
}

export interface LifeOptions {
  readonly platform: Platform;
  readonly settings: RabbitmqSettings;
}

/** How the cluster lives while its hosts come and go. */
export function life(hosts: readonly Host[], { platform, settings }: LifeOptions): Life {
  const pauses = partitionsOf(hosts.length, settings) === 'pause_minority';
  return {
    okToStop: (host) => [
      spareCheck({
        members: hosts,
        probe: (member) => spareProbe(platform, member, { asksQueues: member === host }),
        judge: (answers) => {
          const answer = answers.get(host.name);
          const queuesNeedIt = answer?.reachable ? answer.observed.queuesNeedIt : undefined;
          return judgeSpare(host.name, membersOf(hosts, answers), { pauses, queuesNeedIt });
        },
      }),
    ],
    drain: (host) =>
      hosts.includes(host)
        ? [
            step(`Put RabbitMQ on ${host.name} in maintenance mode`, maintenance(platform, host, 'drained'), {
              hosts: [host],
            }),
          ]
        : [],
    undrain: (host) =>
      hosts.includes(host)
        ? [
            step(`Let RabbitMQ on ${host.name} serve clients`, maintenance(platform, host, 'ready'), {
              hosts: [host],
            }),
          ]
        : [],
    units: () => [platform.units.rabbitmq],
  };
}

const SEPARATOR = '-- queues';

/**
 * The probe of a node, and with `asksQueues` the checks that RabbitMQ itself offers before a node is stopped
 * (rabbitmq-queues(8)): quorum queues with a bare majority, and mirrored queues without another synchronised mirror. Releases
 * without mirrored queues lack the second one.
 */
export function spareProbe(
  platform: Platform,
  host: Host,
  { asksQueues }: { readonly asksQueues: boolean },
): Probe<SpareObservation> {
  const probe = rabbitmq.observeNode(platform, host);
  if (!asksQueues) return probe;
  const check = (name: string): string =>
    `timeout ${within('rabbitmqAnswers')} rabbitmq-queues -q ${name} >/dev/null 2>&1 </dev/null || echo "${name} $?"`;
  return {
    ...probe,
    script: `(
${probe.script}
)
echo '${SEPARATOR}'
command -v rabbitmq-queues >/dev/null 2>&1 || exit 0
${check('check_if_node_is_quorum_critical')}
${check('check_if_node_is_mirror_sync_critical')}
exit 0`,
    parse: (answer) => {
      const [own = '', queues = ''] = answer.stdout.split(`${SEPARATOR}\n`);
      return { ...probe.parse({ ...answer, stdout: own }), queuesNeedIt: needIn(queues) };
    },
  };
}

const NEEDS: Readonly<Record<string, string>> = {
  check_if_node_is_quorum_critical: 'quorum queues would lose their majority',
  check_if_node_is_mirror_sync_critical: 'mirrored queues have no other synchronised copy',
};

/** The exit code of RabbitMQ's tools for a command that they do not have (EX_USAGE). */
const NO_SUCH_COMMAND = '64';

/** Which checks failed, in words; undefined if none. */
function needIn(output: string): string | undefined {
  const failed = output.split('\n').flatMap((line) => {
    const [name = '', exitCode = ''] = line.split(' ');
    return exitCode === '' || exitCode === NO_SUCH_COMMAND ? [] : [NEEDS[name] ?? name];
  });
  return failed.length === 0 ? undefined : failed.join('; ');
}

/** What the decision needs besides the members. */
export interface SpareFacts {
  /** Nodes that see a minority of their cluster pause (`pause_minority`). */
  readonly pauses: boolean;
  readonly queuesNeedIt?: string | undefined;
}

/**
 * Whether the nodes that remain keep running without the host, and have all queues. `queuesNeedIt` counts only while its own
 * node runs: the queues of a node that is down are not there now either. Pure.
 */
export function judgeSpare(
  host: string,
  members: readonly Member[],
  { pauses, queuesNeedIt }: SpareFacts,
): Spare {
  const running = members.filter(isRunning);
  if (running.length === 0) {
    const evidence = 'no node runs';
    return members.every(isReached)
      ? {
          verdict: 'needed',
          evidence: `${evidence}: ${host} may hold messages that the others lack`,
          hint: 'start the cluster first: osha deploy INVENTORY --only rabbitmq',
        }
      : { verdict: 'unknown', evidence: `${evidence}, of those that answered` };
  }
  const partitions = [...new Set(running.flatMap(({ status }) => status.partitions))];
  if (partitions.length > 0) {
    return { verdict: 'needed', evidence: `the cluster is partitioned (${partitions.join(', ')})` };
  }
  const remaining = running.filter((member) => member.name !== host);
  const nodes = Math.max(...running.map((member) => viewOf(member).length));
  const evidence = `${remaining.length} of ${nodes} nodes remain${remaining.length > 0 ? `: ${names(remaining)}` : ''}`;
  const enough = pauses ? remaining.length * 2 > nodes : remaining.length > 0;
  if (!enough) {
    return {
      verdict: 'needed',
      evidence: pauses ? `${evidence}; a minority pauses itself` : evidence,
      hint: 'bring the other nodes back first: osha deploy INVENTORY --only rabbitmq',
    };
  }
  const isUp = running.some((member) => member.name === host);
  if (isUp && queuesNeedIt !== undefined) {
    return {
      verdict: 'needed',
      evidence: `${evidence}, but ${queuesNeedIt}`,
      hint: 'wait until its queues are synchronised, then ask again',
    };
  }
  return { verdict: 'spared', evidence };
}

import { type ClusterOperation, type Host, type Platform, rabbitmq } from 'osha';
import { decideMembers } from './decide.ts';
import { membersOf } from './members.ts';

export interface MembersOptions {
  readonly platform: Platform;
  /** Names of the hosts whose nodes keep their data in memory only; default none. One has to be left. */
  readonly ram?: readonly string[];
}

/**
 * `hosts` are one RabbitMQ cluster, every node running on its present configuration. Forms it, lets nodes join, takes
 * back those that lost their data; see `decideMembers` for how. Nodes that it does not name are left alone.
 */
export function members(
  hosts: readonly Host[],
  options: MembersOptions,
): ClusterOperation<rabbitmq.NodeObservation> {
  const { platform, ram = [] } = options;
  return {
    scope: 'cluster',
    title: 'one RabbitMQ cluster',
    members: hosts,
    probe: (host) => rabbitmq.observeNode(platform, host),
    decide: (answers) =>
      decideMembers(membersOf(hosts, answers), {
        platform,
        members: hosts.length,
        kindOf: (name) => (ram.includes(name) ? 'ram' : 'disc'),
      }),
  };
}

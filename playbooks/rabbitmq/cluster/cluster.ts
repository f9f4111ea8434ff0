import { type ClusterOperation, type Host, type Platform, rabbitmq } from 'osha';
import { decideMembers } from './decide.ts';
import { membersOf } from './members.ts';

export interface MembersOptions {
  readonly platform: Platform;
  /** Names of the hosts with ram nodes; default none. At least one node has to stay on disc. */
  readonly ram?: readonly string[];
}

/**
 * Makes `hosts` one RabbitMQ cluster with every node running on its current configuration: forms it, lets nodes join,
 * and adds those again that lost their data (see `decideMembers`). Other nodes are left alone.
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
        typeOf: (name) => (ram.includes(name) ? 'ram' : 'disc'),
      }),
  };
}

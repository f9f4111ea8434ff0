import type { ClusterOperation, Host, Platform } from 'osha';
import { decideMembers, decideRecognised } from './decide.ts';
import { formingMarkOf, peerUrlOf } from '../layout.ts';
import { membersOf } from './members.ts';
import { observeMember, type MemberObservation } from './observe.ts';

interface ClusterOptions {
  readonly platform: Platform;
  /**
   * Name of the deployment. Used at the first formation only: a cluster keeps its ids when the deployment is renamed.
   */
  readonly deployment: string;
}

/**
 * Makes `hosts` one etcd cluster with every member running on its current configuration: forms it, adds members that
 * are new or lost their data, and starts stopped ones (see `decideMembers`). Other members are removed with `--prune`
 * only.
 */
export function members(
  hosts: readonly Host[],
  { platform, deployment }: ClusterOptions,
): ClusterOperation<MemberObservation> {
  return {
    scope: 'cluster',
    title: 'one etcd cluster',
    members: hosts,
    probe: (host) => observeMember(platform, host),
    decide: (answers) =>
      decideMembers(membersOf(hosts, answers), {
        unit: platform.units.etcd,
        dataDirectory: platform.paths.etcdData,
        formingMark: formingMarkOf(platform),
        initialCluster: hosts.map((host) => `${host.name}=${peerUrlOf(host)}`).join(','),
        deployment,
      }),
  };
}

/**
 * Checks that the configuration osha is about to write points every member at its existing data. Changes nothing;
 * refuses if a member would start without its data.
 */
export function recognised(
  hosts: readonly Host[],
  { platform }: Pick<ClusterOptions, 'platform'>,
): ClusterOperation<MemberObservation> {
  return {
    scope: 'cluster',
    title: 'etcd has its data where osha configures it',
    members: hosts,
    probe: (host) => observeMember(platform, host),
    decide: (answers) => decideRecognised(membersOf(hosts, answers)),
  };
}

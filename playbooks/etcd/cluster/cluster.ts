import type { ClusterOperation, Host, Platform } from 'osha';
import { decideMembers, decideRecognised } from './decide.ts';
import { formingMarkOf, peerUrlOf } from '../layout.ts';
import { membersOf } from './members.ts';
import { observeMember, type MemberObservation } from './observe.ts';

interface ClusterOptions {
  readonly platform: Platform;
  /** What the deployment is called. Only a first formation is told: a cluster keeps its ids whatever it is called later. */
  readonly deployment: string;
}

/**
 * `hosts` are one etcd cluster, every member running on its present configuration. Forms it, takes in members that are
 * new or lost their data, starts those that stopped; see `decideMembers` for how. Members that it does not name are
 * removed with `--prune` only.
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
 * Every member has its data where it would look for it on the configuration that osha is about to place. Changes nothing;
 * refused where a member would start without its data.
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

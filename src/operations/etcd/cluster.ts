import type { Host } from '../../inventory/types.ts';
import type { Platform } from '../../platform/platform.ts';
import type { ClusterOperation } from '../../playbook/operation.ts';
import { decideMembers } from './decide.ts';
import { formingMarkOf, peerUrlOf } from './layout.ts';
import { membersOf } from './members.ts';
import { observeMember, type MemberObservation } from './observe.ts';

/**
 * `hosts` are one etcd cluster, every member running on its present configuration. Forms it, takes in members that are
 * new or lost their data, starts those that stopped; see `decideMembers` for how. Members that it does not name are
 * removed with `--prune` only.
 */
export function members(
  hosts: readonly Host[],
  { platform }: { readonly platform: Platform },
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
      }),
  };
}

import type { Operation } from '../../playbook/operation.ts';
import { quote } from '../shell.ts';
import { isPlaceholder } from './corosync-conf.ts';
import { memberProbe, type MemberState } from './member-state.ts';

/**
 * The cluster of one, on loopback, that the Debian package of Corosync comes with is gone: pcs sets no cluster up on a
 * host that is in one already. Left alone where somebody gave it resources.
 */
export function noPlaceholder(confPath: string): Operation<MemberState> {
  return {
    scope: 'host',
    title: `no cluster of one in ${confPath}`,
    probe: memberProbe(confPath),
    decide: ({ conf, resources = 0 }) => {
      if (!conf || !isPlaceholder(conf) || resources > 0) return [];
      return [
        {
          summary: `remove the cluster "${conf.clusterName}" of this host alone, which its package came with`,
          // Its state would otherwise be taken for that of the cluster to come.
          script: `systemctl stop pacemaker corosync
rm -f -- ${quote(confPath)} /var/lib/pacemaker/cib/cib*`,
          touches: ['cluster:pacemaker', `file:${confPath}`, 'unit:corosync', 'unit:pacemaker'],
        },
      ];
    },
  };
}

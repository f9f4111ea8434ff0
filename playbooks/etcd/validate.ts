import { hostsWith, type Inventory, type InventoryProblem } from 'osha';
import type { EtcdSettings } from './settings.ts';

/** etcd does not start where an election takes less than so many heartbeats. */
const HEARTBEATS_PER_ELECTION = 5;

const IPV4 = /^\d+(\.\d+){3}$/;

/** Mistakes that etcd would only tell when it starts. */
export function etcdProblems(inventory: Inventory, settings: EtcdSettings): readonly InventoryProblem[] {
  const least = settings.heartbeat_ms * HEARTBEATS_PER_ELECTION;
  const unnumbered = hostsWith(inventory, 'coordination').filter(({ address }) => !IPV4.test(address));
  return [
    ...(settings.election_ms < least
      ? [
          {
            severity: 'error' as const,
            path: ['etcd', 'election_ms'],
            message: `an election after ${settings.election_ms} ms leaves no time for ${HEARTBEATS_PER_ELECTION} heartbeats of ${settings.heartbeat_ms} ms`,
            hint: `write at least ${least}, better twice that`,
          },
        ]
      : []),
    ...unnumbered.map(({ name, address }) => ({
      severity: 'error' as const,
      path: ['hosts', name, 'address'],
      message: `etcd listens at an IPv4 address, not at the name ${address}`,
      hint: 'write the address that the name stands for, or give the role coordination to other hosts',
    })),
  ];
}

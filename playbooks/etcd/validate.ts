import { hostsWith, type Inventory, type InventoryProblem } from 'osha';
import type { EtcdSettings } from './settings.ts';

/** etcd refuses to start with an election timeout of fewer heartbeats than this. */
const HEARTBEATS_PER_ELECTION = 5;

const IPV4 = /^\d+(\.\d+){3}$/;

/** Mistakes that etcd itself would report only at startup. */
export function etcdProblems(inventory: Inventory, settings: EtcdSettings): readonly InventoryProblem[] {
  const least = settings.heartbeat_ms * HEARTBEATS_PER_ELECTION;
  const unnumbered = hostsWith(inventory, 'coordination').filter(({ address }) => !IPV4.test(address));
  return [
    ...(settings.election_ms < least
      ? [
          {
            severity: 'error' as const,
            path: ['etcd', 'election_ms'],
            message: `an election timeout of ${settings.election_ms} ms is shorter than ${HEARTBEATS_PER_ELECTION} heartbeats of ${settings.heartbeat_ms} ms`,
            hint: `set it to at least ${least}, preferably twice that`,
          },
        ]
      : []),
    ...unnumbered.map(({ name, address }) => ({
      severity: 'error' as const,
      path: ['hosts', name, 'address'],
      message: `etcd listens on an IPv4 address, not on the name ${address}`,
      hint: 'write its IPv4 address, or give the role coordination to other hosts',
    })),
  ];
}

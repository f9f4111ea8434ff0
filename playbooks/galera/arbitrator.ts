import { type Host, hostsWith, type Inventory } from 'osha';
import { REPLICATION_PORT } from './files/my-cnf.ts';
import type { GaleraSettings } from './settings.ts';

/** The host of the arbitrator; nothing where there is none, or no member that it could vote with. */
export function arbitratorHost(
  inventory: Inventory,
  settings: Pick<GaleraSettings, 'arbitrator'>,
): Host | undefined {
  if (hostsWith(inventory, 'database').length === 0) return undefined;
  return inventory.hosts.find(
    (host) => host.name === settings.arbitrator && !host.roles.includes('database'),
  );
}

/** Who has a vote: the members, and the arbitrator where there is one. */
export function votersOf(
  inventory: Inventory,
  settings: Pick<GaleraSettings, 'arbitrator'>,
): { readonly members: readonly Host[]; readonly arbitrator?: Host } {
  const members = hostsWith(inventory, 'database');
  const arbitrator = arbitratorHost(inventory, settings);
  return arbitrator ? { members, arbitrator } : { members };
}

/** What the arbitrator's unit reads. It is sourced by a shell. */
export function arbitratorEnv(host: Host, members: readonly Host[], clusterName: string): string {
  return `# Placed by osha.
GALERA_NODES="${members.map((member) => `${member.address}:${REPLICATION_PORT}`).join(',')}"
GALERA_GROUP="${clusterName}"
GALERA_OPTIONS="gmcast.listen_addr=tcp://${host.address}:${REPLICATION_PORT}"
WORK_DIR="/var/lib/garb"
`;
}

/**
 * The package's unit gives up when it finds no member for a while, as after a power cut of all hosts. What it keeps is
 * who was with it: after such an outage, all of them find together again by themselves.
 */
export function arbitratorDropIn(): string {
  return `# Placed by osha.
[Unit]
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
StateDirectory=garb
StateDirectoryMode=0700
Restart=always
RestartSec=5
`;
}

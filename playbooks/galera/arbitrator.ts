import {
  type Host,
  hostsWith,
  type Inventory,
  type Answer,
  type Finding,
  newerThanStart,
  parseUnitState,
  type Platform,
  type Probe,
  quoteAll,
  unitProbeScript,
  unitReads,
  type UnitState,
} from 'osha';
import { REPLICATION_PORT } from './files/my-cnf.ts';
import type { GaleraSettings } from './settings.ts';
import { MEMBERS } from './cluster/observe.ts';

/** The host of the arbitrator; undefined if none is configured, or if there are no members. */
export function arbitratorHost(
  inventory: Inventory,
  settings: Pick<GaleraSettings, 'arbitrator'>,
): Host | undefined {
  if (hostsWith(inventory, 'database').length === 0) return undefined;
  return inventory.hosts.find(
    (host) => host.name === settings.arbitrator && !host.roles.includes('database'),
  );
}

/** Hosts with a vote: the members, and the arbitrator if there is one. */
export function votersOf(
  inventory: Inventory,
  settings: Pick<GaleraSettings, 'arbitrator'>,
): { readonly members: readonly Host[]; readonly arbitrator?: Host } {
  const members = hostsWith(inventory, 'database');
  const arbitrator = arbitratorHost(inventory, settings);
  return arbitrator ? { members, arbitrator } : { members };
}

/** Environment file of the arbitrator's unit, which a shell sources. */
export function arbitratorEnv(host: Host, members: readonly Host[], clusterName: string): string {
  return `# Placed by osha.
GALERA_NODES="${members.map((member) => `${member.address}:${REPLICATION_PORT}`).join(',')}"
GALERA_GROUP="${clusterName}"
GALERA_OPTIONS="gmcast.listen_addr=tcp://${host.address}:${REPLICATION_PORT}"
WORK_DIR="/var/lib/garb"
`;
}

/**
 * Drop-in for the arbitrator's unit. The package's unit gives up when it finds no member for a while, as after a power
 * cut of all hosts. The kept state names its last peers, so that all of them reconnect on their own after such an
 * outage.
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

/** The observed state of Galera's arbitrator: a vote without data, which gives two members a majority. */
export interface ArbitratorObservation {
  readonly arbitrator: UnitState;
  /** Name of the cluster that it votes in, from its configuration. */
  readonly group?: string;
}

/** The arbitrator as the decision classifies it. */
export interface Arbitrator {
  readonly name: string;
  readonly unit: string;
  /** Absent if its host is unreachable. */
  readonly state?: UnitState;
}

export function observeArbitrator(platform: Platform): Probe<ArbitratorObservation> {
  const unit = platform.units.arbitrator;
  const files = [platform.paths.arbitratorEnv];
  return {
    script: `(
${unitProbeScript(unit, files)}
)
sed -n 's/^GALERA_GROUP="\\{0,1\\}\\([^"]*\\)"\\{0,1\\}$/group=\\1/p' ${quoteAll(files)} 2>/dev/null
exit 0`,
    reads: [MEMBERS, ...unitReads(unit, files)],
    parse: (answer) => {
      const group = /^group=(.+)$/m.exec(answer.stdout)?.[1];
      return { arbitrator: parseUnitState(unit, answer), ...(group === undefined ? {} : { group }) };
    },
  };
}

export function arbitratorOf(host: Host, platform: Platform, answer: Answer<object> | undefined): Arbitrator {
  const base = { name: host.name, unit: platform.units.arbitrator };
  const seen = answer?.reachable ? answer.observed : {};
  return 'arbitrator' in seen ? { ...base, state: (seen as ArbitratorObservation).arbitrator } : base;
}

/** Judges whether the arbitrator runs on its current configuration and the members count its vote. */
export function judgeArbitrator({ name, unit, state }: Arbitrator, counted: boolean): Finding {
  const base = { subject: 'arbitrator', host: name };
  if (!state) return { ...base, healthy: false, evidence: 'its host cannot be reached' };
  if (state.active !== 'active') {
    return { ...base, healthy: false, evidence: `the unit ${unit} is ${state.active}`, hint: REDEPLOY };
  }
  const outdated = newerThanStart(state).length > 0;
  const evidence = `running${outdated ? ' on an older configuration' : ''}, ${counted ? 'its vote is counted' : 'but no member counts its vote'}`;
  return {
    ...base,
    healthy: counted && !outdated,
    evidence,
    ...(counted && !outdated ? {} : { hint: REDEPLOY }),
  };
}

const REDEPLOY = 'osha deploy INVENTORY --only galera';

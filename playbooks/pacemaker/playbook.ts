import {
  carried,
  minutes,
  type Operation,
  packages,
  playbook,
  type PlaybookContext,
  type SecretRule,
  service,
  step,
  type Takeover,
  takeoverOf,
  token,
  verify,
} from 'osha';
import type { DesiredResources } from './cluster/desired.ts';
import { CLUSTER_USER, clusterFormed, noPlaceholder } from './cluster/formation.ts';
import { handedOver } from './cluster/handover.ts';
import { clusterReady } from './cluster/ready.ts';
import { type RecognitionOptions, recognised } from './cluster/recognition.ts';
import { resourcesConfigured } from './cluster/resources.ts';
import { givenUp } from '../keepalived/cluster/release.ts';
import { clustersOf, type Cluster } from './clusters.ts';
import { desiredResources, HAPROXY, laterUnits } from './desired-resources.ts';
import { settings, type Settings } from './settings.ts';
import { takeoversOf } from './takeovers.ts';
import { problemsOf } from './validate.ts';
import { fenceAgents } from './fence-agents.ts';
import { healthy } from './health.ts';
import { life } from './life.ts';
import { password } from './password.ts';
import type { Transport } from './cluster/corosync-conf.ts';

type Context = PlaybookContext<Settings, 'hacluster'>;

/** The secret for the `password_option` of fence devices. */
const FENCE_PASSWORD = 'fencePassword';

/** The parts of the deployment for one cluster. */
interface Part {
  readonly cluster: Cluster;
  /** Suffix of its step titles; empty for a single cluster. */
  readonly of: string;
  /** The cluster in which its hosts should be. */
  readonly wanted: RecognitionOptions;
  readonly desired: DesiredResources;
  readonly healthy: ReturnType<typeof healthy>;
  /** The same check before later phases have configured their services. */
  readonly early: ReturnType<typeof healthy>;
}

/** Hint on how to keep a cluster of another name with several clusters, which have no setting for it. */
function keepNameHint(name: string): string {
  return `a cluster is named after the inventory and its first virtual IP: rename them so that it is ${name} again`;
}

function partsOf({ inventory, settings, secrets, platform }: Context): readonly Part[] {
  const clusters = clustersOf(inventory, settings);
  const transport = transportOf(settings);
  const fencePassword = secrets[FENCE_PASSWORD];
  const later = laterUnits(inventory, platform);
  return clusters.map((cluster) => {
    const password = fencePassword ? { fencePassword } : {};
    const desired = desiredResources({ cluster, clusters, settings, platform, later, ...password });
    const several = clusters.length > 1;
    const options = {
      vips: cluster.vips,
      desired,
      names: [cluster.name, ...cluster.formerNames],
      ...(transport ? { transport } : {}),
      ...(several ? { name: cluster.name } : {}),
    };
    return {
      cluster,
      of: several ? ` of ${cluster.name}` : '',
      wanted: {
        name: cluster.name,
        formerNames: cluster.formerNames,
        corosyncConf: platform.paths.corosyncConf,
        transport,
        keep: several ? keepNameHint : undefined,
      },
      desired,
      healthy: healthy(cluster.hosts, options),
      early: healthy(cluster.hosts, { ...options, early: true }),
    };
  });
}

function takenOver({ inventory, settings, platform }: Context): readonly Takeover[] {
  const later = laterUnits(inventory, platform);
  return takeoversOf(clustersOf(inventory, settings), settings, platform, later);
}

function needsFencePassword({ fence }: Settings): boolean {
  return Object.values(fence).some((device) => device.password_option !== undefined);
}

/** pcs changes all members, so observations of units from before a change of the cluster are stale. */
function changedByPcs<Observed>(operation: Operation<Observed>): Operation<Observed> {
  const { probe } = operation;
  return { ...operation, probe: { ...probe, reads: [...probe.reads, 'cluster:pacemaker/members'] } };
}

/**
 * Keeps each virtual IP on exactly one host, with HAProxy or the services of its group, and moves it when that host or its
 * services fail. Hosts that share no virtual IP are in separate clusters.
 */
export default playbook({
  name: 'pacemaker',
  title: 'Pacemaker and virtual IPs',
  hosts: (inventory) =>
    inventory.hosts.filter((host) =>
      inventory.vips.some((vip) => vip.by === 'pacemaker' && vip.holders.includes(host.name)),
    ),
  needs: ['base', 'haproxy'],
  settings,
  secrets: {
    hacluster: token(
      'Password of pcs, with which the hosts of a Pacemaker cluster authenticate to each other',
    ),
  },
  moreSecrets: (settings): Readonly<Record<string, SecretRule>> =>
    needsFencePassword(settings)
      ? { [FENCE_PASSWORD]: token('Password of the fence devices: enter the existing one') }
      : {},
  carries: ({ hosts, settings }) => [
    carried.recorded('hacluster', hosts),
    ...(needsFencePassword(settings) ? [carried.recorded(FENCE_PASSWORD, hosts)] : []),
  ],
  ports: [{ port: 2224, process: 'pcsd' }],

  steps: (context) => {
    const { hosts, settings, secrets, platform } = context;
    const { units, paths } = platform;
    const parts = partsOf(context);
    const taken = takenOver(context).filter(({ handover }) => handover === undefined);
    const agents = [...new Set(Object.values(settings.fence).map(({ agent }) => agent))];
    const handOver = taken.length === 1 && taken[0]?.unit === units.haproxy ? 'HAProxy' : 'services';
    return [
      // Before anything is written: these hosts may belong to another cluster.
      ...parts.map(({ cluster, of, wanted }) =>
        step(`Recognise the cluster${of}`, recognised(cluster.hosts, wanted), {
          hosts: cluster.hosts,
          recovers: true,
        }),
      ),
      step('Install Pacemaker, Corosync and pcs', packages.installed(platform.packages.pacemaker)),
      ...(agents.length > 0
        ? [step('Install the fence agents', fenceAgents(agents, platform.packages.fenceAgents))]
        : []),
      step("Remove the package's example cluster", noPlaceholder(paths.corosyncConf)),
      step('Authenticate the hosts to each other', [
        password(CLUSTER_USER, secrets.hacluster),
        service.running(units.pcsd),
      ]),
      ...parts.map(({ cluster, of, wanted }) =>
        step(
          `Form the cluster${of}`,
          clusterFormed(cluster.hosts, { ...wanted, password: secrets.hacluster }),
          { recovers: true },
        ),
      ),
      // Before services are handed over: those that the cluster cannot run would be down.
      ...parts.map(({ cluster, of, desired }) =>
        step(`Check the cluster${of} for quorum and holds`, clusterReady(cluster.hosts, desired), {
          hosts: cluster.hosts,
          recovers: true,
        }),
      ),
      step('Start the cluster at boot', [
        changedByPcs(service.enabled(units.corosync)),
        changedByPcs(service.enabled(units.pacemaker)),
      ]),
      ...(taken.length === 0
        ? []
        : [
            step(
              `Hand ${handOver} over to the cluster`,
              (host) =>
                [...new Set(taken.map(({ unit }) => unit))].flatMap((unit): readonly Operation[] => {
                  const takeover = takeoverOf(taken, unit, host.name);
                  if (!takeover) return [];
                  return [takeover.runsOn === 'one' ? handedOver(unit) : service.disabled(unit)];
                }),
              { hosts: hosts.filter((host) => taken.some((one) => one.hosts.includes(host.name))) },
            ),
          ]),
      // Its virtual IPs would be on two hosts.
      step('Stop a former keepalived', givenUp({ unit: units.keepalived, conf: paths.keepalivedConf })),
      ...parts.map(({ cluster, of, desired }) =>
        step(
          desired.resources.some(({ id }) => id === HAPROXY)
            ? `Run HAProxy and the virtual IPs${of}`
            : `Run the virtual IPs${of}`,
          resourcesConfigured(desired),
          { hosts: cluster.hosts, recovers: true },
        ),
      ),
      step('Record the passwords for root', [
        ...carried.record(secrets.hacluster),
        ...(secrets[FENCE_PASSWORD] ? carried.record(secrets[FENCE_PASSWORD]) : []),
      ]),
      ...parts.map(({ of, early }) =>
        verify(`Each virtual IP${of} is on one host`, early, { within: minutes(2) }),
      ),
    ];
  },

  health: (context) => partsOf(context).map(({ healthy }) => healthy),

  life: (context) =>
    life(
      partsOf(context).map(({ cluster, desired }) => ({
        hosts: cluster.hosts,
        runsWithoutQuorum: desired.properties['no-quorum-policy'] === 'ignore',
      })),
      [context.platform.units.corosync, context.platform.units.pacemaker],
    ),

  takeovers: takenOver,

  validate: (inventory, settings) => problemsOf(inventory, settings),
});

/** The transport of the inventory, if set. */
function transportOf({ transport, multicast = '', multicast_port: port }: Settings): Transport | undefined {
  if (transport === undefined) return undefined;
  if (transport !== 'udp') return { kind: transport };
  return { kind: 'udp', multicast, ...(port === undefined ? {} : { port }) };
}

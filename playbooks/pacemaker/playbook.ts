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
import * as pacemaker from './cluster/index.ts';
import { givenUp } from '../keepalived/cluster/release.ts';
import { clustersOf, type Cluster } from './clusters.ts';
import { laterUnits } from './later.ts';
import { desiredResources, HAPROXY } from './resources.ts';
import { settings, type Settings } from './settings.ts';
import { takeoversOf } from './takeovers.ts';
import { problemsOf } from './validate.ts';
import { fenceAgents } from './fence-agents.ts';
import { healthy } from './health.ts';
import { password } from './password.ts';

type Context = PlaybookContext<Settings, 'hacluster'>;

/** The secret that goes into the `password_option` of fence devices. */
const FENCE_PASSWORD = 'fencePassword';

/** What is one's own of each cluster. */
interface Part {
  readonly cluster: Cluster;
  /** What tells its steps apart from those of the others; nothing where it is the only one. */
  readonly of: string;
  /** Which cluster its hosts are to be in. */
  readonly wanted: pacemaker.RecognitionOptions;
  readonly desired: pacemaker.DesiredResources;
  readonly healthy: ReturnType<typeof healthy>;
  /** The same before the phases that come later. */
  readonly early: ReturnType<typeof healthy>;
}

/** How an inventory of several clusters keeps one of another name: it has no setting for that. */
function asItWas(name: string): string {
  return `the inventory's name and its first virtual IP make its name: call them so that it is ${name} again`;
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
        keep: several ? asItWas : undefined,
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

/** One run of pcs changes all members: what was learned of any of them before the cluster changed may not hold. */
function changedByPcs<Observed>(operation: Operation<Observed>): Operation<Observed> {
  const { probe } = operation;
  return { ...operation, probe: { ...probe, reads: [...probe.reads, 'cluster:pacemaker/members'] } };
}

/**
 * Holds each virtual IP on exactly one host, with HAProxy or the services of its group, and moves it when that host or
 * what runs there dies. Hosts that share no virtual IP are in clusters of their own.
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
      ? { [FENCE_PASSWORD]: token('Password of the fence devices: write the existing one') }
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
      // Before anything is written: these hosts may be another cluster's.
      ...parts.map(({ cluster, of, wanted }) =>
        step(`Recognise the cluster${of}`, pacemaker.recognised(cluster.hosts, wanted), {
          hosts: cluster.hosts,
        }),
      ),
      step('Install Pacemaker, Corosync and pcs', packages.installed(platform.packages.pacemaker)),
      ...(agents.length > 0
        ? [step('Install the fence agents', fenceAgents(agents, platform.packages.fenceAgents))]
        : []),
      step("Remove the package's example cluster", pacemaker.noPlaceholder(paths.corosyncConf)),
      step('Authenticate the hosts to each other', [
        password(pacemaker.CLUSTER_USER, secrets.hacluster),
        service.running(units.pcsd),
      ]),
      ...parts.map(({ cluster, of, wanted }) =>
        step(
          `Form the cluster${of}`,
          pacemaker.cluster(cluster.hosts, { ...wanted, password: secrets.hacluster }),
        ),
      ),
      // Before services are given to it: what it could not run would run nowhere then.
      ...parts.map(({ cluster, of, desired }) =>
        step(`Check the cluster${of} for quorum and holds`, pacemaker.ready(cluster.hosts, desired), {
          hosts: cluster.hosts,
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
                  return [takeover.runsOn === 'one' ? pacemaker.handedOver(unit) : service.disabled(unit)];
                }),
              { hosts: hosts.filter((host) => taken.some((one) => one.hosts.includes(host.name))) },
            ),
          ]),
      // Virtual IPs that keepalived held before would be on two hosts.
      step('Stop a former keepalived', givenUp({ unit: units.keepalived, conf: paths.keepalivedConf })),
      ...parts.map(({ cluster, of, desired }) =>
        step(
          desired.resources.some(({ id }) => id === HAPROXY)
            ? `Run HAProxy and the virtual IPs${of}`
            : `Run the virtual IPs${of}`,
          pacemaker.resources(desired),
          { hosts: cluster.hosts },
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

  takeovers: takenOver,

  validate: (inventory, settings) => problemsOf(inventory, settings),
});

/** The transport that the inventory asks for; nothing where it leaves that open. */
function transportOf({
  transport,
  multicast = '',
  multicast_port: port,
}: Settings): pacemaker.Transport | undefined {
  if (transport === undefined) return undefined;
  if (transport !== 'udp') return { kind: transport };
  return { kind: 'udp', multicast, ...(port === undefined ? {} : { port }) };
}

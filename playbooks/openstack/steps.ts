import {
  type Handover,
  type HealthCheck,
  type Host,
  minutes,
  onOneHost,
  type Operation,
  service as unitService,
  type Step,
  step,
  type Takeover,
  takeoverOf,
} from 'osha';
import * as openstack from './operations/index.ts';
import { hostsOfService } from './hosts.ts';
import { factsOf, type ServiceName } from './services.ts';
import type { Site, SiteInput } from './site.ts';
import { apiUnit } from './units.ts';

interface Tables {
  readonly database: string;
  /** Below Python's own packages. */
  readonly migrations: string;
  readonly upgrade: string;
}

/** The tables of one of a service's databases are those of its package. To be done once. */
export function tables(
  site: Site,
  service: ServiceName,
  { database, migrations, upgrade }: Tables,
): Operation {
  const { name } = factsOf(service);
  return openstack.schema({
    database,
    server: site.databaseServer,
    user: name,
    password: site.databasePassword(service),
    migrations: `/usr/lib/python3/dist-packages/${migrations}`,
    upgrade,
    runAs: name,
  });
}

export interface Running {
  /** In the order in which they start. */
  readonly units: readonly string[];
  /** What they read when they start. */
  readonly files: readonly string[];
  readonly takeovers: readonly Takeover[];
  /** Default all hosts of the playbook. */
  readonly hosts?: readonly Host[];
  /** What has to be well on a host that was restarted, before the next one is. */
  readonly untilHealthy?: (host: Host) => HealthCheck;
}

/**
 * Units run, and on the files as they are now. What does not run is started everywhere at once; what runs is restarted on
 * one host after another, so that the others go on answering. What a cluster manager starts and stops is left to it; and
 * given to it, where it runs that on one host at a time.
 */
export function run(
  what: string,
  { units, files, takeovers, hosts, untilHealthy }: Running,
): readonly Step[] {
  const handoverOf = (unit: string, host: Host): Handover | undefined =>
    takeoverOf(takeovers, unit, host.name)?.handover;
  const running = (unit: string, newerThan: readonly string[], host: Host): Operation =>
    unitService.running(unit, {
      newerThan,
      ...unitService.startup(takeoverOf(takeovers, unit, host.name)),
    });
  const given = takeovers.filter(({ unit, handover }) => handover !== undefined && units.includes(unit));
  // Groups of two clusters may share a service out: each cluster is told on a host of its own.
  const clusters = new Map(given.map(({ hosts: members, by }) => [members.join(), { members, by }]));
  const on = hosts ? { hosts } : {};
  return [
    step(
      `Run ${what}`,
      (host) => units.map((unit) => handoverOf(unit, host)?.leave ?? running(unit, [], host)),
      on,
    ),
    ...[...clusters.values()].map(({ members, by }) =>
      step(
        `Have ${by} run ${what} on one host`,
        (host) => [...new Set(units.flatMap((unit) => handoverOf(unit, host)?.run ?? []))],
        { ...(hosts ? { hosts: hosts.filter(({ name }) => members.includes(name)) } : {}) },
      ),
    ),
    step(`Apply new settings of ${what}`, (host) => units.map((unit) => running(unit, files, host)), {
      ...on,
      oneAtATime: true,
      ...(untilHealthy ? { untilHealthy, within: minutes(3) } : {}),
    }),
  ];
}

/**
 * A service's API answers on its hosts, each asked by itself, for what it needs no database; and where a cluster manager
 * runs it on one of them at a time, on exactly one.
 */
export function apiAnswers(context: SiteInput, service: ServiceName, only?: Host): HealthCheck {
  const { inventory, platform, takeovers = [] } = context;
  const { title, port, package: from } = factsOf(service);
  const unit = apiUnit(service, platform);
  const all = hostsOfService(inventory, service);
  const moves = only && takeoverOf(takeovers, unit, only.name)?.runsOn === 'one';
  const hosts = only && !moves ? [only] : all;
  return onOneHost(
    openstack.answers({ title, hosts, port, path: '/', package: from, unit }),
    unit,
    takeovers,
  );
}

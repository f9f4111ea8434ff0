import { minutes, openstack, service as unitService, step, takeoverOf } from 'osha';
import type { HealthCheck, Host, Operation, Platform, Step, Takeover } from 'osha';
import { hostsOfService } from './hosts.ts';
import { factsOf, type ServiceName } from './services.ts';
import type { Site, SiteInput } from './site.ts';

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
 * one host after another, so that the others go on answering. What a cluster manager starts and stops is left to it.
 */
export function run(
  what: string,
  { units, files, takeovers, hosts, untilHealthy }: Running,
): readonly Step[] {
  const running =
    (newerThan: readonly string[]) =>
    (host: Host): readonly Operation[] =>
      units.map(
        (unit) =>
          unitService.running(unit, {
            newerThan,
            ...unitService.startup(takeoverOf(takeovers, unit, host.name)),
          }) as Operation,
      );
  const on = hosts ? { hosts } : {};
  return [
    step(`Run ${what}`, running([]), on),
    step(`Take new settings of ${what}, host by host`, running(files), {
      ...on,
      oneAtATime: true,
      ...(untilHealthy ? { untilHealthy, within: minutes(3) } : {}),
    }),
  ];
}

/** The unit that runs a service's API. */
function apiUnit(service: ServiceName, { units }: Platform): string {
  switch (service) {
    case 'identity':
      return units.keystone;
    case 'image':
      return units.glance;
    case 'placement':
      return units.placement;
    case 'compute':
      return units.nova.api;
    case 'network':
      return units.neutron.api;
    case 'volume':
      return units.cinder.api;
  }
}

/** A service's API answers on its hosts, each asked by itself, for what it needs no database. */
export function apiAnswers(context: SiteInput, service: ServiceName, only?: Host): HealthCheck {
  const { title, port, package: from } = factsOf(service);
  const hosts = only ? [only] : hostsOfService(context.inventory, service);
  const unit = apiUnit(service, context.platform);
  return openstack.answers({ title, hosts, port, path: '/', package: from, unit });
}

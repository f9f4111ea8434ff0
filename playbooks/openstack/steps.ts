import { openstack, service as unitService, takeoverOf } from 'osha';
import type { HealthCheck, Host, Operation, Takeover } from 'osha';
import { SERVICES, type ServiceName } from './services.ts';
import type { Site } from './site.ts';

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
  const { name } = SERVICES[service];
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

/** Units run on the files as they are now, unless a cluster manager starts and stops them. */
export function unitsRun(
  units: readonly string[],
  files: readonly string[],
  takeovers: readonly Takeover[],
): (host: Host) => readonly Operation[] {
  return (host) =>
    units.map(
      (unit) =>
        unitService.running(unit, {
          newerThan: files,
          ...unitService.startup(takeoverOf(takeovers, unit, host.name)),
        }) as Operation,
    );
}

interface Api {
  readonly title: string;
  readonly hosts: readonly Host[];
  readonly package: string;
  readonly unit: string;
  /** Default `/`, where every API tells its versions. */
  readonly path?: string;
}

/** A service's API answers on every host of the control plane, each asked by itself. */
export function apiAnswers(service: ServiceName, api: Api): HealthCheck {
  return openstack.answers({ path: '/', ...api, port: SERVICES[service].port });
}

import {
  type Handover,
  type HealthCheck,
  type Host,
  minutes,
  type Operation,
  service as unitService,
  type Step,
  step,
  type Takeover,
  takeoverOf,
} from 'osha';
import { schema } from './operations/database.ts';
import { factsOf, type ServiceName } from './services.ts';
import type { Site } from './site.ts';

interface Tables {
  readonly database: string;
  /** Path below Python's `dist-packages`. */
  readonly migrations: string;
  readonly upgrade: string;
}

/** Brings the tables of one of a service's databases to the version of its package. Runs once. */
export function tables(
  site: Site,
  service: ServiceName,
  { database, migrations, upgrade }: Tables,
): Operation {
  const { name } = factsOf(service);
  return schema({
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
  /** In start order. */
  readonly units: readonly string[];
  /** Files that they read on start. */
  readonly files: readonly string[];
  readonly takeovers: readonly Takeover[];
  /** Default: all hosts of the playbook. */
  readonly hosts?: readonly Host[];
  /** What must be healthy on a restarted host before the next one restarts. */
  readonly untilHealthy?: (host: Host) => HealthCheck;
}

/**
 * Starts units, and restarts those that run with older files. Stopped units start on all hosts at once; running ones
 * restart on one host at a time, so that the others keep serving. Units that a cluster manager controls are left to it,
 * and handed over to it where it runs them on one host at a time.
 */
export function runUnits(
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
  // Two Pacemaker clusters may each run a part of the service: each is configured on one of its own hosts.
  const clusters = new Map(given.map(({ hosts: members, by }) => [members.join(), { members, by }]));
  const on = hosts ? { hosts } : {};
  const recovers = true;
  return [
    step(
      `Run ${what}`,
      (host) => units.map((unit) => handoverOf(unit, host)?.leave ?? running(unit, [], host)),
      { ...on, recovers },
    ),
    ...[...clusters.values()].map(({ members, by }) =>
      step(
        `Have ${by} run ${what} on one host`,
        (host) => [...new Set(units.flatMap((unit) => handoverOf(unit, host)?.run ?? []))],
        { ...(hosts ? { hosts: hosts.filter(({ name }) => members.includes(name)) } : {}), recovers },
      ),
    ),
    step(`Apply new settings of ${what}`, (host) => units.map((unit) => running(unit, files, host)), {
      ...on,
      oneAtATime: true,
      ...(untilHealthy ? { untilHealthy, within: minutes(3) } : {}),
    }),
  ];
}

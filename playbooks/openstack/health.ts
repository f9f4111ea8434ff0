import { type HealthCheck, type Host, hostsWith, onOneHost, type Takeover, takeoverOf } from 'osha';
import { eachHostAnswers } from './operations/http-health.ts';
import { type ApiService, agentsAlive, apiHealth, type ExpectedAgent } from './operations/api-health.ts';
import { computeHosts, hostsOfService, networkHosts, apiUnit } from './hosts.ts';
import { factsOf, type ServiceName } from './services.ts';
import { apisOf } from './settings.ts';
import { adminSession, siteOf, type SiteInput } from './site.ts';

/**
 * The health of a service: its API on each host and at the virtual IP, and its agents, queried as the administrator. One
 * login per host serves all services that are probed together.
 */
export function serviceHealth(context: SiteInput, service: ServiceName): HealthCheck {
  const { inventory, platform, takeovers = [] } = context;
  const site = siteOf(context);
  const all = apisOf(site.settings).map((name): ApiService => {
    const { title, type, port, path, package: from, asks } = factsOf(name);
    const agents = agentsOf(name, context);
    return {
      title,
      type,
      hosts: hostsOfService(inventory, name),
      port,
      root: path.replace(/\/%.*$/, ''),
      package: from,
      ...(asks === undefined ? {} : { asks }),
      ...(agents.length > 0 ? { agents } : {}),
    };
  });
  const own = all.find(({ title }) => title === factsOf(service).title);
  if (!own) throw new Error(`${service} is not in openstack.services`);
  return onOneHost(apiHealth(adminSession(site), all, own), apiUnit(service, platform), takeovers);
}

/**
 * Healthy once a service lists its agents on `hosts` as alive. `units` limits this to the agents of these units (default:
 * all of the service).
 */
export function agentsReport(
  context: SiteInput,
  service: ServiceName,
  hosts: readonly Host[],
  units?: readonly string[],
): HealthCheck {
  const { title, type, asks = '' } = factsOf(service);
  const session = adminSession(siteOf(context));
  const own = agentsOf(service, context).filter(({ unit }) => units?.includes(unit) ?? true);
  const agents = own.flatMap((agent) => {
    const here = agent.hosts.filter(({ name }) => hosts.some((host) => host.name === name));
    return here.length === 0 ? [] : [{ ...agent, hosts: here }];
  });
  const from = hostsWith(context.inventory, 'control');
  return agentsAlive(session, { title, type, path: asks, agents, from });
}

/**
 * Healthy if a service's API answers on each of its hosts, or only on `only`, to a request that needs no database. Where
 * a cluster manager runs it on one host at a time, exactly one has to answer.
 */
export function apiAnswers(context: SiteInput, service: ServiceName, only?: Host): HealthCheck {
  const { inventory, platform, takeovers = [] } = context;
  const { title, port, package: from } = factsOf(service);
  const unit = apiUnit(service, platform);
  const all = hostsOfService(inventory, service);
  const moves = only && takeoverOf(takeovers, unit, only.name)?.runsOn === 'one';
  const hosts = only && !moves ? [only] : all;
  return onOneHost(eachHostAnswers({ title, hosts, port, path: '/', package: from, unit }), unit, takeovers);
}

type Agents = readonly ExpectedAgent[];

/** The agents that a service is expected to list. */
function agentsOf(service: ServiceName, context: SiteInput): Agents {
  const { inventory, takeovers = [] } = context;
  const { units } = context.platform;
  const control = hostsWith(inventory, 'control');
  const agent = (kind: string, unit: string, hosts: readonly Host[]): Agents =>
    agentsOn(kind, unit, hosts, takeovers);
  const network = networkHosts(inventory);
  const compute = computeHosts(inventory);
  switch (service) {
    case 'compute':
      return [
        ...agent('nova-conductor', units.nova.conductor, control),
        ...agent('nova-scheduler', units.nova.scheduler, control),
        ...agent('nova-compute', units.compute, compute),
      ];
    case 'network':
      return [
        ...agent('Linux bridge agent', units.neutron.bridge, [
          ...network,
          ...compute.filter((host) => !network.includes(host)),
        ]),
        ...agent('DHCP agent', units.neutron.dhcp, network),
        ...agent('L3 agent', units.neutron.l3, network),
        ...agent('Metadata agent', units.neutron.metadata, network),
      ];
    case 'volume':
      return agent('cinder-scheduler', units.cinder.scheduler, control);
    default:
      return [];
  }
}

/** Agents expected on every host, or on one of a group where a cluster manager moves the unit. */
function agentsOn(
  kind: string,
  unit: string,
  hosts: readonly Host[],
  takeovers: readonly Takeover[],
): Agents {
  const moved = (host: Host): Takeover | undefined => {
    const takeover = takeoverOf(takeovers, unit, host.name);
    return takeover?.runsOn === 'one' ? takeover : undefined;
  };
  const fixed = hosts.filter((host) => moved(host) === undefined);
  const moving = [...new Set(hosts.flatMap((host) => moved(host) ?? []))];
  return [
    ...(fixed.length > 0 ? [{ kind, unit, hosts: fixed }] : []),
    ...moving.map((takeover) => ({
      kind,
      unit,
      hosts: hosts.filter((host) => moved(host) === takeover),
      one: true as const,
    })),
  ];
}

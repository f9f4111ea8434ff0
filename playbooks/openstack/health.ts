import { type HealthCheck, type Host, hostsWith, onOneHost, type Takeover, takeoverOf } from 'osha';
import * as openstack from './operations/index.ts';
import { adminSession } from './frontends.ts';
import { computeHosts, hostsOfService, networkHosts } from './hosts.ts';
import { factsOf, type ServiceName } from './services.ts';
import { apisOf } from './settings.ts';
import { siteOf, type SiteInput } from './site.ts';
import { apiUnit } from './units.ts';

type Agents = readonly openstack.ExpectedAgent[];

/** An agent of each host, and one of those among which a cluster manager moves it. */
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

/** The agents that a service's own list has to have. */
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

/**
 * How a service is: each of its APIs, and its agents, asked as the administrator. One login per host is enough for all
 * services that are asked in one go.
 */
export function serviceHealth(context: SiteInput, service: ServiceName): HealthCheck {
  const { inventory, platform, takeovers = [] } = context;
  const site = siteOf(context);
  const all = apisOf(site.settings).map((name): openstack.ApiService => {
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
  if (!own) throw new Error(`${service} was not asked for`);
  return onOneHost(openstack.apiHealth(adminSession(site), all, own), apiUnit(service, platform), takeovers);
}

/**
 * A service hears of its agents on some hosts: those that are waited for after they were started. `units` are those of
 * these agents; all of the service's by default.
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
  return openstack.agentsAlive(session, { title, type, path: asks, agents, from });
}

import { type Answers, type Host, type Life, type Spare, spareCheck, step, type Step } from 'osha';
import { memberView, type MemberView } from './cluster/health-cluster.ts';
import { cloneOf } from './cluster/desired.ts';
import { soleOn, type CibConstraint, type Monitor } from './cluster/resource-state.ts';
import { standing, type Standing } from './cluster/standby.ts';

/** One cluster, as its life needs to know it. */
export interface LifeOptions {
  readonly hosts: readonly Host[];
  /** Its members keep their resources without quorum (`no-quorum-policy: ignore`), as two members do. */
  readonly runsWithoutQuorum: boolean;
}

/** How the clusters live while their hosts come and go. `units` run a member, in the order of their start. */
export function life(clusters: readonly LifeOptions[], units: readonly string[]): Life {
  return {
    okToStop: (host) =>
      clusters
        .filter(({ hosts }) => hosts.includes(host))
        .map(({ hosts, runsWithoutQuorum }) =>
          spareCheck({
            members: hosts,
            probe: () => memberView,
            judge: (answers) => judgeSpare(host.name, answers, { runsWithoutQuorum }),
          }),
        ),
    drain: (host) => standings(clusters, host, 'standby'),
    undrain: (host) => standings(clusters, host, 'online'),
    units: () => units,
  };
}

function standings(clusters: readonly LifeOptions[], host: Host, wanted: Standing): readonly Step[] {
  const title =
    wanted === 'standby' ? `Move resources away from ${host.name}` : `Let ${host.name} run resources again`;
  return clusters
    .filter(({ hosts }) => hosts.includes(host))
    .map(({ hosts }) => step(title, standing(hosts, host.name, wanted)));
}

/** Whether the other members keep quorum, and may run all that now runs on the host. Pure. */
export function judgeSpare(
  host: string,
  answers: Answers<MemberView>,
  { runsWithoutQuorum }: Pick<LifeOptions, 'runsWithoutQuorum'>,
): Spare {
  const views = [...answers.values()].flatMap((answer) => (answer.reachable ? [answer.observed] : []));
  const view = views.find(({ monitor }) => monitor?.quorate);
  const monitor = view?.monitor;
  if (!view || !monitor) {
    const isWhole = views.length === answers.size;
    return isWhole
      ? {
          verdict: 'needed',
          evidence: 'the cluster has no quorum',
          hint: 'bring members back first: osha deploy INVENTORY --only pacemaker',
        }
      : { verdict: 'unknown', evidence: 'no quorum, of those that answered' };
  }
  if (monitor.maintenance) {
    return {
      verdict: 'needed',
      evidence: 'the cluster is in maintenance mode: it moves nothing',
      hint: 'to end this: pcs property set maintenance-mode=false',
    };
  }
  const remaining = [...monitor.online].filter((name) => name !== host);
  const all = monitor.members.size;
  const evidence = `${remaining.length} of ${all} members remain${remaining.length > 0 ? `: ${remaining.join(', ')}` : ''}`;
  const enough = runsWithoutQuorum ? remaining.length > 0 : remaining.length * 2 > all;
  if (!enough) {
    return {
      verdict: 'needed',
      evidence: runsWithoutQuorum ? evidence : `${evidence}, which is no quorum`,
      hint: 'bring the other members back first: osha deploy INVENTORY --only pacemaker',
    };
  }
  const moving = soleOn(host, monitor);
  const stuck = moving.filter(
    (id) => !remaining.some((other) => mayRun(id, other, monitor, view.constraints)),
  );
  if (stuck.length > 0) {
    return {
      verdict: 'needed',
      evidence: `${evidence}, none of which can run ${stuck.join(', ')}`,
      hint: 'see why: pcs constraint, and pcs status --full',
    };
  }
  return {
    verdict: 'spared',
    evidence: moving.length === 0 ? evidence : `${evidence}; ${moving.join(', ')} will move`,
  };
}

/** Whether constraints let a resource, or the group that it is in, run on another host as things are there. */
function mayRun(id: string, host: string, monitor: Monitor, constraints: readonly CibConstraint[]): boolean {
  if (monitor.unmanaged.has(id)) return false;
  const group = [...monitor.groups].find(([, resources]) => resources.includes(id))?.[0];
  const own = constraints.filter(({ resource }) => resource === id || resource === group);
  return own.every(({ kind, other, strength }) => {
    if (kind === 'location') return other !== host || strength !== '-INFINITY';
    if (kind !== 'colocation' || strength !== 'INFINITY') return true;
    // With a clone, only where an instance of it runs. Anything else moves together with it.
    const cloned = [...monitor.runsOn.keys()].find((resource) => cloneOf(resource) === other);
    return cloned === undefined || (monitor.runsOn.get(cloned)?.has(host) ?? false);
  });
}

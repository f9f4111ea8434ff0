import {
  type Advice,
  type Answer,
  type Answers,
  type Finding,
  type HealthCheck,
  type Host,
  ofThoseThatAnswered,
  type Vip,
} from 'osha';
import { cloneOf, withoutLater, type DesiredResource, type DesiredResources } from './cluster/desired.ts';
import {
  constraintFinding,
  fenceAdvice,
  fencingFindings,
  holdFindings,
  nameFinding,
  strangerAdvice,
  transportFinding,
  memberView,
  type MemberView,
} from './cluster/health-cluster.ts';
import { nodeHold } from './cluster/hold.ts';
import type { Transport } from './cluster/corosync-conf.ts';
import type { Monitor } from './cluster/resource-state.ts';

export interface HealthOptions {
  readonly vips: readonly Vip[];
  readonly desired: DesiredResources;
  /** Ignore resources of groups that are configured by later phases, and those after them. */
  readonly early?: true;
  /** Default: any. */
  readonly transport?: Transport;
  /** Accepted names of the cluster, the inventory's own first; default: any. */
  readonly names?: readonly string[];
  /** Name of the cluster when there are several. */
  readonly name?: string;
}

/** The ID of the resource of a virtual IP. */
export function vipResource(vip: Pick<Vip, 'name'>): string {
  return `vip-${vip.name}`;
}

/**
 * Checks that all members are online, each virtual IP is on exactly one host, each group is complete and in order on exactly
 * one host, and clones run everywhere.
 */
export function healthy(members: readonly Host[], options: HealthOptions): HealthCheck<MemberView> {
  return {
    scope: 'health',
    title: options.name === undefined ? 'Pacemaker' : `Pacemaker ${options.name}`,
    members,
    probe: () => memberView,
    judge: (answers) => {
      const findings = judgeCluster(members, answers, options);
      return options.name === undefined
        ? findings
        : findings.map((one) => withCluster(one, options.name ?? ''));
    },
    advise: (answers) => {
      const advice = adviseCluster(members, answers, options);
      return options.name === undefined ? advice : advice.map((one) => withCluster(one, options.name ?? ''));
    },
  };
}

/** Adds the name of the cluster to subjects that do not identify it otherwise. */
function withCluster<Shown extends Finding | Advice>(finding: Shown, name: string): Shown {
  if (finding.host !== undefined || /^(virtual IP|group|fence device) /.test(finding.subject)) return finding;
  return { ...finding, subject: `${finding.subject} of ${name}` };
}

/** Pure. See `healthy`. */
export function judgeCluster(
  members: readonly Host[],
  answers: Answers<MemberView>,
  { vips, desired: whole, early, transport, names: called }: HealthOptions,
): readonly Finding[] {
  const desired = early ? withoutLater(whole) : whole;
  const views = viewsIn(answers);
  const view = clusterView(views);
  const monitor = view?.monitor;
  const partly = ofThoseThatAnswered(views.length, answers.size);
  const names = members.map((member) => member.name);
  const held = new Set(vips.map(vipResource));
  return [
    ...[...answers].map(([host, answer]): Finding => memberFinding(host, answer, monitor)),
    quorumFinding(names, monitor, partly),
    ...(view ? [...nameFinding(view, called), ...transportFinding(view, transport)] : []),
    ...vips.map((vip): Finding => vipFinding(vip, views, monitor, partly)),
    ...desired.groups.map(({ id, resources: wanted }): Finding =>
      monitor ? groupFinding(id, wanted, monitor) : unknownFinding(`group ${id}`, partly),
    ),
    ...desired.resources
      .filter(({ id }) => !held.has(id))
      .map(({ id, clone }): Finding => {
        if (!monitor) return unknownFinding(id, partly);
        return clone
          ? everywhereFinding(id, allowed(id, names, desired), monitor)
          : somewhereFinding(id, monitor);
      }),
    ...(view && monitor
      ? [
          ...fencingFindings(monitor, desired.fences),
          ...constraintFinding(view, desired),
          ...holdFindings(view, monitor, whole),
        ]
      : []),
  ];
}

/** Pure. Advice on missing fencing, and on what the inventory does not list. */
export function adviseCluster(
  members: readonly Host[],
  answers: Answers<MemberView>,
  { desired }: Pick<HealthOptions, 'desired'>,
): readonly Advice[] {
  const names = members.map((member) => member.name);
  const view = clusterView(viewsIn(answers));
  return [
    ...fenceAdvice(desired.fences),
    ...(view?.monitor ? strangerAdvice(names, view, view.monitor, desired) : []),
  ];
}

type Views = readonly (readonly [string, MemberView])[];

function viewsIn(answers: Answers<MemberView>): Views {
  return [...answers].flatMap(([host, answer]) =>
    answer.reachable ? [[host, answer.observed] as const] : [],
  );
}

/** The view of the partition with quorum: an isolated member elects itself as coordinator. */
function clusterView(views: Views): MemberView | undefined {
  const best =
    views.find(([, view]) => view.monitor?.quorate) ?? views.find(([, view]) => view.monitor?.hasCoordinator);
  return best?.[1];
}

/** A finding on a resource whose state is unknown because no cluster runs. */
function unknownFinding(subject: string, partly: string): Finding {
  return { subject, healthy: false, unknown: true, evidence: `unknown: no cluster runs${partly}` };
}

/** The members on which a clone may run. */
function allowed(id: string, members: readonly string[], desired: DesiredResources): readonly string[] {
  const barred = desired.constraints.filter(
    (one) => one.kind === 'location' && one.resource === cloneOf(id) && one.strength === '-INFINITY',
  );
  return members.filter((name) => !barred.some((one) => one.other === name));
}

function memberFinding(host: string, answer: Answer<MemberView>, monitor: Monitor | undefined): Finding {
  const subject = 'member';
  if (!answer.reachable) return { host, subject, healthy: false, evidence: answer.reason };
  const condition = monitor?.members.get(host) ?? 'not a member';
  const own = answer.observed.monitor;
  const hold = nodeHold(host, condition)?.end;
  const evidence = !own
    ? answer.observed.mute
      ? 'Pacemaker runs, but does not respond'
      : 'Pacemaker is not running'
    : condition === 'online' && !own.quorate
      ? 'cut off from the other members'
      : condition;
  return {
    host,
    subject,
    healthy: evidence === 'online',
    evidence,
    hint:
      hold === undefined
        ? 'systemctl status corosync pacemaker, or osha deploy INVENTORY --only pacemaker'
        : `to end this: ${hold}`,
  };
}

function quorumFinding(members: readonly string[], monitor: Monitor | undefined, partly: string): Finding {
  const online = members.filter((name) => monitor?.online.has(name));
  return {
    subject: 'quorum',
    healthy: monitor?.quorate ?? false,
    evidence: monitor
      ? `${online.length} of ${members.length} online, ${monitor.quorate ? 'quorate' : 'no quorum'}`
      : `no coordinator${partly}`,
    hint: 'without quorum the cluster stops its resources: bring members back',
  };
}

function vipFinding(vip: Vip, views: Views, monitor: Monitor | undefined, partly: string): Finding {
  const held = views.filter(([, view]) => view.addresses.has(vip.address)).map(([host]) => host);
  const id = vipResource(vip);
  const placed = [...(monitor?.runsOn.get(id) ?? [])];
  const failure = monitor?.failed.get(id);
  const where =
    held.length === 0
      ? `${vip.address} is not held by any host${partly}`
      : `${vip.address} on ${held.join(' and ')}`;
  // On a host where the cluster does not run it: the cluster would not move it when that host fails.
  const astray = monitor !== undefined && held.length === 1 && !placed.includes(held[0] ?? '');
  const cluster = placed.length === 0 ? 'does not run it' : `runs it on ${placed.join(' and ')}`;
  return {
    subject: `virtual IP ${vip.name}`,
    healthy: held.length === 1 && !astray,
    evidence: [
      where,
      ...(astray ? [`the cluster ${cluster}`] : []),
      ...(failure === undefined ? [] : [failure]),
    ].join('; '),
    hint: 'pcs status --full, or osha deploy INVENTORY --only pacemaker',
  };
}

function everywhereFinding(id: string, members: readonly string[], monitor: Monitor): Finding {
  const hosts = members.filter((name) => monitor.runsOn.get(id)?.has(name));
  const failure = monitor.failed.get(id);
  return {
    subject: id,
    healthy: hosts.length === members.length,
    evidence: `runs on ${hosts.length} of ${members.length}${failure === undefined ? '' : `; ${failure}`}`,
    hint: `pcs resource cleanup ${id}, or osha deploy INVENTORY --only pacemaker`,
  };
}

function somewhereFinding(id: string, monitor: Monitor): Finding {
  const hosts = [...(monitor.runsOn.get(id) ?? [])];
  const failure = monitor.failed.get(id);
  const where = hosts.length === 0 ? 'runs nowhere' : `runs on ${hosts.join(' and ')}`;
  return {
    subject: id,
    healthy: hosts.length === 1,
    evidence: `${where}${failure === undefined ? '' : `; ${failure}`}`,
    hint: `pcs resource cleanup ${id}, or osha deploy INVENTORY --only pacemaker`,
  };
}

/** Checks that a group runs on one host, with all of its resources in order. */
function groupFinding(id: string, resources: readonly DesiredResource[], monitor: Monitor): Finding {
  const wanted = resources.map((resource) => resource.id);
  const running = wanted.filter((member) => (monitor.runsOn.get(member)?.size ?? 0) > 0);
  const hosts = new Set(wanted.flatMap((member) => [...(monitor.runsOn.get(member) ?? [])]));
  const live = (monitor.groups.get(id) ?? []).filter((member) => wanted.includes(member));
  const missing = wanted.filter((member) => !live.includes(member));
  const failures = wanted.flatMap((member) => monitor.failed.get(member) ?? []);
  const inOrder = live.join() === wanted.filter((member) => live.includes(member)).join();
  const where = hosts.size === 0 ? 'runs nowhere' : `${running.join(', ')} on ${[...hosts].join(' and ')}`;
  const stopped = wanted.filter((member) => !running.includes(member) && !missing.includes(member));
  return {
    subject: `group ${id}`,
    healthy: hosts.size === 1 && running.length === wanted.length && missing.length === 0 && inOrder,
    evidence: [
      where,
      ...(hosts.size > 0 && stopped.length > 0 ? [`${stopped.join(', ')} stopped`] : []),
      ...(missing.length > 0 ? [`missing: ${missing.join(', ')}`] : []),
      ...(inOrder ? [] : [`wrong order: ${live.join(', ')}`]),
      ...failures,
    ].join('; '),
    hint: `pcs status --full, or osha deploy INVENTORY --only pacemaker`,
  };
}

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
} from './cluster/health-cluster.ts';
import { nodeHold } from './cluster/hold.ts';
import { memberView, type MemberView } from './cluster/member-view.ts';
import type { Monitor } from './cluster/monitor.ts';
import type { Transport } from './cluster/transport.ts';

export interface HealthOptions {
  readonly vips: readonly Vip[];
  readonly desired: DesiredResources;
  /** Members of groups that come later are not missed yet, nor those behind them. */
  readonly early?: true;
  /** Default any. */
  readonly transport?: Transport;
  /** What the cluster may be called, the inventory's own name for it first; default anything. */
  readonly names?: readonly string[];
  /** Which cluster it is, where there are several. */
  readonly name?: string;
}

/** What the resource is called that holds a virtual IP. */
export function vipResource(vip: Pick<Vip, 'name'>): string {
  return `vip-${vip.name}`;
}

/**
 * All members are online and agree, each virtual IP is held by exactly one, each group is whole and in order on exactly
 * one, and what runs everywhere does.
 */
export function healthy(members: readonly Host[], options: HealthOptions): HealthCheck<MemberView> {
  return {
    scope: 'health',
    title: options.name === undefined ? 'Pacemaker' : `Pacemaker ${options.name}`,
    members,
    probe: () => memberView,
    judge: (answers) => {
      const findings = judgeCluster(members, answers, options);
      return options.name === undefined ? findings : findings.map((one) => of(one, options.name ?? ''));
    },
    advise: (answers) => {
      const advice = adviseCluster(members, answers, options);
      return options.name === undefined ? advice : advice.map((one) => of(one, options.name ?? ''));
    },
  };
}

/** Says which cluster it is about, where neither a host nor a name of the inventory does. */
function of<Told extends Finding | Advice>(finding: Told, name: string): Told {
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
      monitor ? groupFinding(id, wanted, monitor) : untold(`group ${id}`, partly),
    ),
    ...desired.resources
      .filter(({ id }) => !held.has(id))
      .map(({ id, clone }): Finding => {
        if (!monitor) return untold(id, partly);
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

/** Pure. That nothing fences, and what the cluster holds beyond the inventory. */
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

/** A member that was cut off elects itself: the part with a quorum is the cluster. */
function clusterView(views: Views): MemberView | undefined {
  const best =
    views.find(([, view]) => view.monitor?.quorate) ?? views.find(([, view]) => view.monitor?.hasCoordinator);
  return best?.[1];
}

/** Without a cluster that says so, a resource is not known to be stopped. */
function untold(subject: string, partly: string): Finding {
  return { subject, healthy: false, unknown: true, evidence: `unknown: no cluster runs${partly}` };
}

/** The members that a clone may run on. */
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
      ? 'Pacemaker runs, and does not answer'
      : 'Pacemaker does not run'
    : condition === 'online' && !own.quorate
      ? 'it is cut off from the others'
      : condition;
  return {
    host,
    subject,
    healthy: evidence === 'online',
    evidence,
    hint:
      hold === undefined
        ? 'systemctl status corosync pacemaker, or osha deploy INVENTORY --only pacemaker'
        : `to let it work again: ${hold}`,
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
  // Held, but by nobody that the cluster knows of: it would stay where it is when that host is in trouble.
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

/** A group is one: on one host, with all of its resources, in the order in which they depend on each other. */
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
      ...(missing.length > 0 ? [`not in it: ${missing.join(', ')}`] : []),
      ...(inOrder ? [] : [`in another order: ${live.join(', ')}`]),
      ...failures,
    ].join('; '),
    hint: `pcs status --full, or osha deploy INVENTORY --only pacemaker`,
  };
}

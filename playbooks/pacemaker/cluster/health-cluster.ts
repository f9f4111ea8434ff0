import type { Advice, Finding } from 'osha';
import { constraintInWords, sameConstraint } from './constraints.ts';
import type { DesiredFence, DesiredResources } from './desired.ts';
import { holdsOf } from './hold.ts';
import type { MemberView } from './member-view.ts';
import type { Monitor } from './monitor.ts';
import { desiredIds } from './prune.ts';
import { isTransport, transportInWords, type Transport } from './transport.ts';

/** The cluster is another one than the inventory means, which `deploy` refuses to touch. */
export function nameFinding(view: MemberView, names: readonly string[] | undefined): readonly Finding[] {
  const { cluster } = view;
  if (cluster === undefined || names === undefined || names.includes(cluster)) return [];
  return [
    {
      subject: 'cluster name',
      healthy: false,
      evidence: `the cluster is called ${cluster}; the inventory calls it ${names[0] ?? ''}`,
      hint: 'a cluster keeps its name: write the one that it has into the inventory',
    },
  ];
}

/** What Corosync speaks. */
export function transportFinding(view: MemberView, wanted: Transport | undefined): readonly Finding[] {
  const { transport } = view;
  if (transport === undefined) return [];
  const same = wanted === undefined || isTransport(transport, wanted);
  const has = transportInWords(transport);
  return [
    {
      subject: 'transport',
      healthy: same,
      evidence: same ? has : `${has}, and the inventory says ${transportInWords(wanted)}`,
      hint: `it can only be chosen when a cluster is set up: write transport: ${transport.kind}`,
    },
  ];
}

/** Whether to fence is the operator's choice: that nothing does is said each time. */
export function fenceAdvice(fences: readonly DesiredFence[]): readonly Advice[] {
  if (fences.length > 0) return [];
  return [
    {
      subject: 'fencing',
      evidence: 'no fence device is declared: a member that hangs is not switched off',
      hint: 'declare one: pacemaker.fence in the inventory',
    },
  ];
}

/** Fencing is enabled, and each fence device of the inventory runs on one host; nothing where there is none. */
export function fencingFindings(monitor: Monitor, fences: readonly DesiredFence[]): readonly Finding[] {
  if (fences.length === 0) return [];
  const declared = fences.map(({ id, hosts }): Finding => {
    const on = [...(monitor.runsOn.get(id) ?? [])];
    const failure = monitor.failed.get(id);
    return {
      subject: `fence device ${id}`,
      healthy: on.length === 1,
      evidence: [
        `for ${hosts.join(', ')}`,
        on.length === 0 ? 'runs nowhere' : `runs on ${on.join(' and ')}`,
        ...(failure === undefined ? [] : [failure]),
      ].join('; '),
      hint: `pcs stonith cleanup ${id}; pcs status --full says what it answered`,
    };
  });
  return [
    {
      subject: 'fencing',
      healthy: monitor.fencing,
      evidence: monitor.fencing ? 'enabled' : 'fence devices are declared, and stonith-enabled is false',
      hint: 'osha deploy INVENTORY --only pacemaker',
    },
    ...declared,
  ];
}

/** Constraints of the inventory that the cluster does not have. */
export function constraintFinding(view: MemberView, desired: DesiredResources): readonly Finding[] {
  const missing = desired.constraints.filter(
    (wanted) => !view.constraints.some((found) => sameConstraint(wanted, found)),
  );
  if (missing.length === 0) return [];
  return [
    {
      subject: 'constraints',
      healthy: false,
      evidence: `missing: ${missing.map(constraintInWords).join(', ')}`,
      hint: 'osha deploy INVENTORY --only pacemaker',
    },
  ];
}

/** What keeps the cluster from doing its work, and was told to. */
export function holdFindings(
  view: MemberView,
  monitor: Monitor,
  desired: DesiredResources,
): readonly Finding[] {
  return (
    holdsOf(desired, monitor, view)
      // Members have a finding of their own.
      .filter(({ host }) => host === undefined)
      .map(({ resource, what, end }) => ({
        subject: resource ?? 'maintenance',
        healthy: false,
        evidence: what,
        hint: `to let the cluster work again: ${end}`,
      }))
  );
}

/** What the cluster holds beyond the inventory. */
export function strangerAdvice(
  members: readonly string[],
  view: MemberView,
  monitor: Monitor,
  desired: DesiredResources,
): readonly Advice[] {
  const ours = desiredIds(desired);
  const foreign = [
    ...[...monitor.members.keys()]
      .filter((name) => !members.includes(name))
      .map((id) => ({ id: '', words: `member ${id}` })),
    ...[...monitor.runsOn.keys()]
      .filter((id) => !ours.has(id))
      .map((id) => ({ id, words: `resource ${id}` })),
    ...[...monitor.groups.keys()].filter((id) => !ours.has(id)).map((id) => ({ id, words: `group ${id}` })),
    ...view.constraints
      // Those of a resource that is told go with it.
      .filter(({ resource, other }) => ours.has(resource) && (ours.has(other) || members.includes(other)))
      .filter((found) => !desired.constraints.some((wanted) => sameConstraint(wanted, found)))
      .map((found) => ({ id: found.id, words: `constraint ${found.id} (${constraintInWords(found)})` })),
  ];
  const left = foreign.filter(({ id }) => view.made.has(id));
  const others = foreign.filter(({ id }) => !view.made.has(id));
  const listed = (all: readonly { readonly words: string }[]): string =>
    all.map(({ words }) => words).join(', ');
  return [
    ...(left.length > 0
      ? [
          {
            subject: 'no longer in the inventory',
            evidence: `${listed(left)} (to remove: osha deploy INVENTORY --only pacemaker --prune)`,
          },
        ]
      : []),
    ...(others.length > 0
      ? [{ subject: 'not in the inventory', evidence: `${listed(others)}: left alone` }]
      : []),
  ];
}

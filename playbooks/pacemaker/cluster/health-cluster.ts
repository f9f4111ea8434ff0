import { type Advice, type Finding, type Probe, type ProbeAnswer, within } from 'osha';
import {
  type DesiredFence,
  type DesiredResources,
  desiredIds,
  constraintInWords,
  sameConstraint,
} from './desired.ts';
import { holdsOf } from './hold.ts';
import { isTransport, transportInWords, type Transport } from './corosync-conf.ts';
import {
  type Monitor,
  parseMonitor,
  constraintsOf,
  madeOf,
  type CibConstraint,
  RECORD,
} from './resource-state.ts';
import { parseXml } from './xml.ts';

/** A cluster of another name than the inventory's, which `deploy` refuses to change. */
export function nameFinding(view: MemberView, names: readonly string[] | undefined): readonly Finding[] {
  const { cluster } = view;
  if (cluster === undefined || names === undefined || names.includes(cluster)) return [];
  return [
    {
      subject: 'cluster name',
      healthy: false,
      evidence: `the cluster is called ${cluster}; the inventory calls it ${names[0] ?? ''}`,
      hint: 'a cluster cannot be renamed: use its name in the inventory',
    },
  ];
}

/** The transport of Corosync, compared with the inventory. */
export function transportFinding(view: MemberView, wanted: Transport | undefined): readonly Finding[] {
  const { transport } = view;
  if (transport === undefined) return [];
  const same = wanted === undefined || isTransport(transport, wanted);
  const has = transportInWords(transport);
  return [
    {
      subject: 'transport',
      healthy: same,
      evidence: same ? has : `${has}; the inventory wants ${transportInWords(wanted)}`,
      hint: `the transport of an existing cluster cannot change: set transport: ${transport.kind}`,
    },
  ];
}

/** Advice while no fence device is declared; fencing is the operator's choice. */
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

/** Checks that fencing is enabled and each declared fence device runs on one host; no findings without devices. */
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
      hint: `pcs stonith cleanup ${id}; for details: pcs status --full`,
    };
  });
  return [
    {
      subject: 'fencing',
      healthy: monitor.fencing,
      evidence: monitor.fencing ? 'enabled' : 'fence devices are declared, but stonith-enabled is false',
      hint: 'osha deploy INVENTORY --only pacemaker',
    },
    ...declared,
  ];
}

/** Desired constraints that are missing in the cluster. */
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

/** Holds on the cluster and its resources. */
export function holdFindings(
  view: MemberView,
  monitor: Monitor,
  desired: DesiredResources,
): readonly Finding[] {
  return (
    holdsOf(desired, monitor, view)
      // Holds on members are part of the findings on members.
      .filter(({ host }) => host === undefined)
      .map(({ resource, what, end }) => ({
        subject: resource ?? 'maintenance',
        healthy: false,
        evidence: what,
        hint: `to end this: ${end}`,
      }))
  );
}

/** Advice on nodes, resources, groups and constraints that the inventory does not list. */
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
      // Constraints of a listed stranger go with it.
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

/** The cluster as one member sees it. */
export interface MemberView {
  /** Absent when Pacemaker is not running or does not respond. */
  readonly monitor?: Monitor;
  /** Pacemaker runs but does not respond. */
  readonly mute?: boolean;
  /** IP addresses on the member. */
  readonly addresses: ReadonlySet<string>;
  readonly constraints: readonly CibConstraint[];
  /** IDs recorded as created by osha. */
  readonly made: ReadonlySet<string>;
  /** Transport of Corosync; absent when it is not running. */
  readonly transport?: Transport;
  /** Cluster name of the running Corosync, if any. */
  readonly cluster?: string;
}

const SEPARATOR = '-- next';

/** The probe of a member's view, for `status`. */
export const memberView: Probe<MemberView> = {
  script: `timeout ${within('crmMon')} crm_mon --one-shot --output-as=xml 2>/dev/null
echo '${SEPARATOR}'
ip -o addr show | awk '{ print $4 }'
echo '${SEPARATOR}'
timeout ${within('cibadmin')} cibadmin --query --scope constraints 2>/dev/null
echo '${SEPARATOR}'
timeout ${within('cibadmin')} crm_attribute --type crm_config --name ${RECORD} --query --quiet 2>/dev/null
echo '${SEPARATOR}'
timeout ${within('corosyncCmapctl')} corosync-cmapctl 2>/dev/null | sed -n 's/^totem\\.\\(transport\\|interface\\.0\\.mcastaddr\\|interface\\.0\\.mcastport\\) .* = //p'
echo '${SEPARATOR}'
systemctl show -p ActiveState --value pacemaker 2>/dev/null
echo '${SEPARATOR}'
timeout ${within('corosyncCmapctl')} corosync-cmapctl -g totem.cluster_name 2>/dev/null | sed -n 's/.* = //p'
exit 0`,
  reads: ['cluster:pacemaker', 'cluster:resources', 'unit:pacemaker'],
  parse: parseMemberView,
};

/** Parses the output of the probe. A truncated part counts as missing. */
export function parseMemberView({ stdout }: Pick<ProbeAnswer, 'stdout'>): MemberView {
  const [xml = '', addresses = '', constraints = '', made = '', totem = '', state = '', name = ''] =
    stdout.split(`${SEPARATOR}\n`);
  const transport = transportOf(totem.split('\n').filter((line) => line !== ''));
  const monitor = xml.includes('<nodes>') ? understood(() => parseMonitor(xml)) : undefined;
  const runs = !['inactive', 'failed', ''].includes(state.trim());
  const found = constraints.includes('<constraints')
    ? understood(() => constraintsOf(parseXml(constraints)))
    : undefined;
  return {
    ...(monitor ? { monitor } : runs ? { mute: true } : {}),
    addresses: new Set(
      addresses
        .split('\n')
        .map((line) => line.split('/')[0] ?? '')
        .filter((address) => address !== ''),
    ),
    constraints: found ?? [],
    made: madeOf(made.trim()),
    ...(transport === undefined ? {} : { transport }),
    ...(name.trim() === '' ? {} : { cluster: name.trim() }),
  };
}

function understood<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Parses the transport keys, which Corosync prints in alphabetical order: address and port before the transport. */
function transportOf(lines: readonly string[]): Transport | undefined {
  const kind = lines.find((line) => /^(knet|udpu?)$/.test(line));
  if (kind === 'knet' || kind === 'udpu') return { kind };
  if (kind === undefined) return undefined;
  const port = lines.find((line) => /^\d+$/.test(line));
  const multicast = lines.find((line) => /^\d+\.\d+\.\d+\.\d+$/.test(line)) ?? '';
  return { kind: 'udp', multicast, ...(port === undefined ? {} : { port: Number(port) }) };
}

import type { Host, Vip } from '../../inventory/types.ts';
import type { Answer, Answers, Finding, HealthCheck, Probe } from '../../playbook/operation.ts';
import { parseMonitor, type Monitor } from './monitor.ts';

/** What one member sees. */
export interface MemberView {
  /** Absent where Pacemaker does not run. */
  readonly monitor?: Monitor;
  /** Addresses that the member holds. */
  readonly addresses: ReadonlySet<string>;
}

const SEPARATOR = '-- addresses';

const probe: Probe<MemberView> = {
  script: `crm_mon --one-shot --output-as=xml 2>/dev/null
echo '${SEPARATOR}'
ip -o addr show | awk '{ print $4 }'`,
  reads: ['cluster:pacemaker', 'cluster:resources', 'unit:pacemaker'],
  parse: ({ stdout }) => {
    const [xml = '', addresses = ''] = stdout.split(`${SEPARATOR}\n`);
    return {
      ...(xml.includes('<nodes>') ? { monitor: parseMonitor(xml) } : {}),
      addresses: new Set(
        addresses
          .split('\n')
          .map((line) => line.split('/')[0] ?? '')
          .filter((address) => address !== ''),
      ),
    };
  },
};

export interface HealthOptions {
  readonly vips: readonly Vip[];
  /** Resources that run on every member. */
  readonly everywhere: readonly string[];
}

/** What the resource is called that holds a virtual IP. */
export function vipResource(vip: Pick<Vip, 'name'>): string {
  return `vip-${vip.name}`;
}

/** All members are online and agree, each virtual IP is held by exactly one, and what runs everywhere does. */
export function healthy(members: readonly Host[], options: HealthOptions): HealthCheck<MemberView> {
  return {
    scope: 'health',
    title: 'Pacemaker',
    members,
    probe: () => probe,
    judge: (answers) => judgeCluster(members, answers, options),
  };
}

/** Pure. See `healthy`. */
export function judgeCluster(
  members: readonly Host[],
  answers: Answers<MemberView>,
  { vips, everywhere }: HealthOptions,
): readonly Finding[] {
  const views = [...answers].flatMap(([host, answer]) =>
    answer.reachable ? [[host, answer.observed] as const] : [],
  );
  const monitors = views.flatMap(([, view]) => view.monitor ?? []);
  // A member that was cut off elects itself: the part with a quorum is the cluster.
  const monitor = monitors.find((one) => one.quorate) ?? monitors.find((one) => one.hasCoordinator);
  const names = members.map((member) => member.name);
  return [
    ...[...answers].map(([host, answer]): Finding => memberFinding(host, answer, monitor)),
    quorumFinding(names, monitor),
    ...vips.map((vip): Finding => vipFinding(vip, views, monitor)),
    ...everywhere.map((id): Finding => everywhereFinding(id, names, monitor)),
    ...(monitor ? [fencingFinding(monitor), ...otherFindings(names, vips, everywhere, monitor)] : []),
  ];
}

function memberFinding(host: string, answer: Answer<MemberView>, monitor: Monitor | undefined): Finding {
  const subject = 'member';
  if (!answer.reachable) return { host, subject, healthy: false, evidence: answer.reason };
  const condition = monitor?.members.get(host) ?? 'not a member';
  const own = answer.observed.monitor;
  const evidence = !own
    ? 'Pacemaker does not run'
    : condition === 'online' && !own.quorate
      ? 'it is cut off from the others'
      : condition;
  return {
    host,
    subject,
    healthy: evidence === 'online',
    evidence,
    hint:
      condition === 'standby'
        ? `to let it work again: pcs node unstandby ${host}`
        : 'systemctl status corosync pacemaker, or deploy --only pacemaker',
  };
}

function quorumFinding(members: readonly string[], monitor: Monitor | undefined): Finding {
  const online = members.filter((name) => monitor?.online.has(name));
  return {
    subject: 'quorum',
    healthy: monitor?.quorate ?? false,
    evidence: monitor
      ? `${online.length} of ${members.length} online, ${monitor.quorate ? 'quorate' : 'no quorum'}`
      : 'no coordinator',
    hint: 'without quorum the cluster stops its resources: bring members back',
  };
}

function vipFinding(
  vip: Vip,
  views: readonly (readonly [string, MemberView])[],
  monitor: Monitor | undefined,
): Finding {
  const held = views.filter(([, view]) => view.addresses.has(vip.address)).map(([host]) => host);
  const id = vipResource(vip);
  const placed = [...(monitor?.runsOn.get(id) ?? [])];
  const failure = monitor?.failed.get(id);
  const where =
    held.length === 0 ? `${vip.address} is held by nobody` : `${vip.address} on ${held.join(' and ')}`;
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
    hint: 'pcs status --full, or deploy --only pacemaker',
  };
}

function everywhereFinding(id: string, members: readonly string[], monitor: Monitor | undefined): Finding {
  const hosts = members.filter((name) => monitor?.runsOn.get(id)?.has(name));
  const failure = monitor?.failed.get(id);
  return {
    subject: id,
    healthy: hosts.length === members.length,
    evidence: `runs on ${hosts.length} of ${members.length}${failure === undefined ? '' : `; ${failure}`}`,
    hint: `pcs resource cleanup ${id}, or deploy --only pacemaker`,
  };
}

function fencingFinding(monitor: Monitor): Finding {
  return {
    subject: 'fencing',
    // Declared or not is the operator's choice; that it is missing has to be said each time.
    healthy: true,
    evidence: monitor.fencing
      ? 'enabled'
      : 'no fence device is declared: a member that hangs is not switched off',
  };
}

/** What changes how the cluster works and is nobody's fault, and what it holds beyond the inventory. */
function otherFindings(
  members: readonly string[],
  vips: readonly Vip[],
  everywhere: readonly string[],
  monitor: Monitor,
): readonly Finding[] {
  const ours = new Set([...vips.map(vipResource), ...everywhere]);
  const others = [
    ...[...monitor.members.keys()].filter((name) => !members.includes(name)).map((name) => `member ${name}`),
    ...[...monitor.runsOn.keys()].filter((id) => !ours.has(id)).map((id) => `resource ${id}`),
  ];
  return [
    ...(monitor.maintenance
      ? [
          {
            subject: 'maintenance',
            healthy: false,
            evidence: 'the cluster is in maintenance: it starts, stops and moves nothing',
            hint: 'to let it work again: pcs property set maintenance-mode=false',
          },
        ]
      : []),
    ...(others.length > 0
      ? [{ subject: 'not in the inventory', healthy: true, evidence: `${others.join(', ')}: left alone` }]
      : []),
  ];
}

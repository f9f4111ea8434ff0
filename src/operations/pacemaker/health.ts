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
  const monitor = views.map(([, view]) => view.monitor).find((one) => one?.hasCoordinator);
  const holders = (address: string): readonly string[] =>
    views.filter(([, view]) => view.addresses.has(address)).map(([host]) => host);
  return [
    ...[...answers].map(([host, answer]): Finding => memberFinding(host, answer, monitor)),
    {
      subject: 'quorum',
      healthy: monitor?.quorate ?? false,
      evidence: monitor
        ? `${monitor.online.size} of ${members.length} online, ${monitor.quorate ? 'quorate' : 'no quorum'}`
        : 'no coordinator',
      hint: 'without quorum the cluster stops its resources: bring members back',
    },
    ...vips.map((vip): Finding => {
      const held = holders(vip.address);
      return {
        subject: `virtual IP ${vip.name}`,
        healthy: held.length === 1,
        evidence:
          held.length === 0 ? `${vip.address} is held by nobody` : `${vip.address} on ${held.join(' and ')}`,
        hint: 'pcs status --full',
      };
    }),
    ...everywhere.map((id): Finding => {
      const hosts = monitor?.runsOn.get(id) ?? new Set();
      const failure = monitor?.failed.get(id);
      return {
        subject: id,
        healthy: hosts.size >= members.length,
        evidence: `runs on ${hosts.size} of ${members.length}${failure === undefined ? '' : `; ${failure}`}`,
        hint: `pcs resource cleanup ${id}, or deploy --only pacemaker`,
      };
    }),
    {
      subject: 'fencing',
      // Declared or not is the operator's choice; that it is missing has to be said each time.
      healthy: true,
      evidence: monitor?.fencing
        ? 'enabled'
        : 'no fence device is declared: a member that hangs is not switched off',
    },
  ];
}

function memberFinding(host: string, answer: Answer<MemberView>, monitor: Monitor | undefined): Finding {
  const online = monitor?.online.has(host) ?? false;
  const runs = answer.reachable && answer.observed.monitor !== undefined;
  return {
    host,
    subject: 'member',
    healthy: online && runs,
    evidence: !answer.reachable ? answer.reason : online ? 'online' : runs ? 'offline' : 'does not run',
    hint: 'systemctl status corosync pacemaker, or deploy --only pacemaker',
  };
}

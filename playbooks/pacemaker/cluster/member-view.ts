import { type Probe, type ProbeAnswer, within } from 'osha';
import { constraintsOf, madeOf, type CibConstraint } from './cib.ts';
import { parseMonitor, type Monitor } from './monitor.ts';
import { RECORD } from './pcs.ts';
import type { Transport } from './transport.ts';
import { parseXml } from './xml.ts';

/** What one member sees. */
export interface MemberView {
  /** Absent where Pacemaker does not run, or does not answer. */
  readonly monitor?: Monitor;
  /** Where it does not answer: it runs all the same. */
  readonly mute?: boolean;
  /** Addresses that the member holds. */
  readonly addresses: ReadonlySet<string>;
  readonly constraints: readonly CibConstraint[];
  /** Ids of what osha noted that it made. */
  readonly made: ReadonlySet<string>;
  /** What Corosync speaks; absent where it does not run. */
  readonly transport?: Transport;
  /** What Corosync calls the cluster; absent where it does not run. */
  readonly cluster?: string;
}

const SEPARATOR = '-- next';

/** Asks a member what it sees of the cluster. */
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

/** Understands what the probe printed. An answer that was cut short counts as none. */
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

/** Corosync lists its keys by name: a multicast address and its port come before the transport. */
function transportOf(lines: readonly string[]): Transport | undefined {
  const kind = lines.find((line) => /^(knet|udpu?)$/.test(line));
  if (kind === 'knet' || kind === 'udpu') return { kind };
  if (kind === undefined) return undefined;
  const port = lines.find((line) => /^\d+$/.test(line));
  const multicast = lines.find((line) => /^\d+\.\d+\.\d+\.\d+$/.test(line)) ?? '';
  return { kind: 'udp', multicast, ...(port === undefined ? {} : { port: Number(port) }) };
}

import type { Probe, ProbeAnswer } from '../../playbook/operation.ts';
import { constraintsOf, madeOf, type CibConstraint } from './cib.ts';
import { parseMonitor, type Monitor } from './monitor.ts';
import { RECORD } from './pcs.ts';
import type { Transport } from './transport.ts';
import { parseXml } from './xml.ts';

/** What one member sees. */
export interface MemberView {
  /** Absent where Pacemaker does not run. */
  readonly monitor?: Monitor;
  /** Addresses that the member holds. */
  readonly addresses: ReadonlySet<string>;
  readonly constraints: readonly CibConstraint[];
  /** Ids of what osha noted that it made. */
  readonly made: ReadonlySet<string>;
  /** What Corosync speaks; absent where it does not run. */
  readonly transport?: Transport;
}

const SEPARATOR = '-- next';

/** Asks a member what it sees of the cluster. */
export const memberView: Probe<MemberView> = {
  script: `crm_mon --one-shot --output-as=xml 2>/dev/null
echo '${SEPARATOR}'
ip -o addr show | awk '{ print $4 }'
echo '${SEPARATOR}'
cibadmin --query --scope constraints 2>/dev/null
echo '${SEPARATOR}'
crm_attribute --type crm_config --name ${RECORD} --query --quiet 2>/dev/null
echo '${SEPARATOR}'
corosync-cmapctl 2>/dev/null | sed -n 's/^totem\\.\\(transport\\|interface\\.0\\.mcastaddr\\|interface\\.0\\.mcastport\\) .* = //p'
exit 0`,
  reads: ['cluster:pacemaker', 'cluster:resources', 'unit:pacemaker'],
  parse: parseMemberView,
};

/** Understands what the probe printed. */
export function parseMemberView({ stdout }: Pick<ProbeAnswer, 'stdout'>): MemberView {
  const [xml = '', addresses = '', constraints = '', made = '', totem = ''] = stdout.split(`${SEPARATOR}\n`);
  const transport = transportOf(totem.split('\n').filter((line) => line !== ''));
  return {
    ...(xml.includes('<nodes>') ? { monitor: parseMonitor(xml) } : {}),
    addresses: new Set(
      addresses
        .split('\n')
        .map((line) => line.split('/')[0] ?? '')
        .filter((address) => address !== ''),
    ),
    constraints: constraints.includes('<constraints') ? constraintsOf(parseXml(constraints)) : [],
    made: madeOf(made.trim()),
    ...(transport === undefined ? {} : { transport }),
  };
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

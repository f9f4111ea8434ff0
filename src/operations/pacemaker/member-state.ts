import type { Host } from '../../inventory/types.ts';
import type { Probe, ProbeAnswer } from '../../playbook/operation.ts';
import { ProbeError } from '../../playbook/operation.ts';
import { parseCorosyncConf, type CorosyncConf } from './corosync-conf.ts';

/** What one host says of the cluster that it is in, or is to be in. */
export interface MemberState {
  /** Its `corosync.conf`; absent where it has none. */
  readonly conf?: CorosyncConf;
  /** The name of the cluster that Corosync runs as, whatever the file says by now. */
  readonly runs?: string;
  /** Pacemaker runs on it, which needs Corosync. */
  readonly pacemaker: boolean;
  /** How many resources its copy of the cluster's configuration holds; none where it has no copy. */
  readonly resources?: number;
  /** The hosts that its pcs knows, by name. */
  readonly knows: ReadonlyMap<string, KnownHost>;
  /** Checksums of the tokens that its own pcsd accepts. */
  readonly accepts: ReadonlySet<string>;
}

export interface KnownHost {
  readonly address: string;
  /** SHA-256 of the token that its pcs logs in there with. Tokens are random, so that it gives nothing away. */
  readonly token: string;
}

/** Pcs is written in Python, so that where there is anything to read there is something to read it with. */
const TOKENS = `
import hashlib, json
def read(name):
    try:
        with open("/var/lib/pcsd/" + name) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None
def checksum(token):
    return hashlib.sha256(token.encode()).hexdigest()
known = read("known-hosts") or {}
for name, host in known.get("known_hosts", {}).items():
    for at in host.get("dest_list", [])[:1]:
        print("knows", name, at.get("addr", "-"), checksum(host.get("token", "")))
for user in read("pcs_users.conf") or []:
    print("accepts", checksum(user.get("token", "")))
`;

function script(conf: string): string {
  return `conf='${conf}'
cib=/var/lib/pacemaker/cib/cib.xml
if [ -r "$conf" ]; then echo has-conf; sed 's/^/conf /' "$conf"; fi
if systemctl -q is-active corosync 2>/dev/null; then
  echo "runs $(corosync-cmapctl -g totem.cluster_name 2>/dev/null | sed -n 's/.* = //p')"
fi
systemctl -q is-active pacemaker 2>/dev/null && echo pacemaker
if [ -r "$cib" ]; then echo "resources $(grep -c '<primitive ' "$cib")"; fi
if [ -e /var/lib/pcsd/known-hosts ] || [ -e /var/lib/pcsd/pcs_users.conf ]; then python3 -c '${TOKENS}'; fi
echo end`;
}

/** Asks a host about its membership; the same question for all who ask, so that it is asked once. */
export function memberProbe(conf: string): Probe<MemberState> {
  return {
    script: script(conf),
    reads: [
      'cluster:pacemaker',
      `file:${conf}`,
      'file:/var/lib/pcsd/known-hosts',
      'package:corosync',
      'package:pcs',
      'unit:corosync',
      'unit:pacemaker',
    ],
    parse: parseMemberState,
  };
}

/** Understands what the probe printed. Throws a `ProbeError` where it was cut short. */
export function parseMemberState({ stdout, stderr }: ProbeAnswer): MemberState {
  const lines = stdout.split('\n');
  const conf: string[] = [];
  const knows = new Map<string, KnownHost>();
  const accepts = new Set<string>();
  let hasConf = false;
  let runs: string | undefined;
  let resources: number | undefined;
  for (const line of lines) {
    const [word, first = '', second = '', third = ''] = line.split(' ');
    if (word === 'has-conf') hasConf = true;
    else if (word === 'conf') conf.push(line.slice('conf '.length));
    else if (word === 'runs') runs = first;
    else if (word === 'resources') resources = Number.parseInt(first, 10);
    else if (word === 'knows') knows.set(first, { address: second, token: third });
    else if (word === 'accepts') accepts.add(first);
  }
  if (!lines.includes('end')) {
    throw new ProbeError(`the host did not say what cluster it is in: ${stderr.trim() || 'no answer'}`);
  }
  return {
    ...(hasConf ? { conf: parseCorosyncConf(conf.join('\n')) } : {}),
    ...(runs === undefined ? {} : { runs }),
    pacemaker: lines.includes('pacemaker'),
    ...(resources === undefined ? {} : { resources }),
    knows,
    accepts,
  };
}

/** `controller1 addr=10.0.0.11 controller2 addr=10.0.0.12`: hosts as pcs takes them. */
export function pcsHosts(hosts: readonly Host[]): string {
  return hosts.map((host) => `${host.name} addr=${host.address}`).join(' ');
}

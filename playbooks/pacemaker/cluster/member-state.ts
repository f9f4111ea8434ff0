import { type Host, type Probe, type ProbeAnswer, ProbeError, within } from 'osha';
import { isShipped, parseCorosyncConf, type CorosyncConf } from './corosync-conf.ts';

/** The cluster state of one host. */
export interface MemberState {
  /** The parsed `corosync.conf`, if any. */
  readonly conf?: CorosyncConf | undefined;
  /**
   * The cluster name of the running Corosync, even if the file differs; empty where Corosync runs, or may run, but does not
   * respond. Absent only where it is known to be stopped.
   */
  readonly runs?: string | undefined;
  /** Number of nodes that Corosync sees joined, including this one; absent if unknown. */
  readonly joined?: number | undefined;
  /** Pacemaker runs or may run: it is not known to be stopped. */
  readonly pacemaker: boolean;
  /** Number of resources in the host's copy of the cluster configuration (CIB); absent without a copy. */
  readonly resources?: number | undefined;
  /** Number of nodes in that copy; absent without a copy. */
  readonly cibNodes?: number | undefined;
  /** Cluster name in that copy, if any. */
  readonly cibName?: string | undefined;
  /** The hosts known to pcs, by name. */
  readonly knows: ReadonlyMap<string, KnownHost>;
  /** Checksums of the tokens that pcsd on this host accepts. */
  readonly accepts: ReadonlySet<string>;
}

export interface KnownHost {
  readonly address: string;
  /** SHA-256 of the token with which pcs authenticates there. Tokens are random, so the hash reveals nothing. */
  readonly token: string;
}

/** pcs depends on Python, so Python is available wherever these files exist. */
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
state() { systemctl show -p ActiveState --value "$1" 2>/dev/null; }
cmap() { timeout ${within('corosyncCmapctl')} corosync-cmapctl "$@" 2>/dev/null; }
if [ -r "$conf" ]; then echo has-conf; sed 's/^/conf /' "$conf"; fi
name=$(cmap -g totem.cluster_name | sed -n 's/.* = //p')
case $(state corosync):$name in
  inactive: | failed:) ;;
  *)
    echo "runs $name"
    [ -z "$name" ] || echo "joined $(cmap | grep -c '^runtime\\.members\\.[0-9]*\\.status .* = joined$')"
    ;;
esac
case $(state pacemaker) in inactive | failed) ;; *) echo pacemaker ;; esac
if [ -e "$cib" ]; then
  echo "resources $(grep -cE '<(primitive|bundle) ' "$cib")"
  echo "cib-nodes $(grep -c '<node ' "$cib")"
  sed -n 's/.* name="cluster-name" value="\\([^"]*\\)".*/cib-name \\1/p' "$cib"
fi
if [ -e /var/lib/pcsd/known-hosts ] || [ -e /var/lib/pcsd/pcs_users.conf ]; then python3 -c '${TOKENS}'; fi
echo end`;
}

/** The probe of a host's membership, shared by all operations so that it runs only once. */
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

/** Parses the output of the probe. Throws a `ProbeError` when it is truncated or a file could not be read. */
export function parseMemberState({ stdout, stderr }: ProbeAnswer): MemberState {
  const lines = stdout.split('\n');
  const conf: string[] = [];
  const knows = new Map<string, KnownHost>();
  const accepts = new Set<string>();
  const said = new Map<string, string>();
  for (const line of lines) {
    const [word = '', first = '', second = '', third = ''] = line.split(' ');
    if (word === 'conf') conf.push(line.slice('conf '.length));
    else if (word === 'knows') knows.set(first, { address: second, token: third });
    else if (word === 'accepts') accepts.add(first);
    else said.set(word, first);
  }
  if (!said.has('end')) {
    throw new ProbeError(`unexpected probe output, no cluster state: ${stderr.trim() || 'no answer'}`);
  }
  const count = (word: string): number | undefined => {
    const value = said.get(word);
    if (value === undefined) return undefined;
    if (!/^\d+$/.test(value)) {
      throw new ProbeError(`the host's copy of the cluster's configuration cannot be read: ${stderr.trim()}`);
    }
    return Number(value);
  };
  return {
    conf: said.has('has-conf') ? parseCorosyncConf(conf.join('\n')) : undefined,
    runs: said.get('runs'),
    // 0 counts as unknown: a running Corosync has joined itself.
    joined: count('joined') || undefined,
    pacemaker: said.has('pacemaker'),
    resources: count('resources'),
    cibNodes: count('cib-nodes'),
    cibName: said.get('cib-name'),
    knows,
    accepts,
  };
}

/** The `corosync.conf` of a real cluster, as opposed to that of the package. */
export function confOf({ conf }: MemberState): CorosyncConf | undefined {
  return conf && !isShipped(conf) ? conf : undefined;
}

/** Whether Corosync and Pacemaker are known to be stopped. */
export function isAtRest({ runs, pacemaker }: MemberState): boolean {
  return runs === undefined && !pacemaker;
}

/**
 * Whether this certainly is the single-node loopback cluster of the Corosync package, running or stopped: judged by its
 * file, by the running Corosync, and by the CIB.
 */
export function isPlaceholder(state: MemberState): boolean {
  const { conf, runs, joined, pacemaker, resources = 0, cibNodes = 0, cibName = 'debian' } = state;
  const alone = runs === undefined ? !pacemaker : runs === 'debian' && joined === 1;
  return (
    conf !== undefined && isShipped(conf) && alone && resources === 0 && cibNodes <= 1 && cibName === 'debian'
  );
}

/** Host arguments for pcs: `controller1 addr=10.0.0.11 controller2 addr=10.0.0.12`. */
export function pcsHosts(hosts: readonly Host[]): string {
  return hosts.map((host) => `${host.name} addr=${host.address}`).join(' ');
}

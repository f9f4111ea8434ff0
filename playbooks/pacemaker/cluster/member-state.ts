import { type Host, type Probe, type ProbeAnswer, ProbeError, within } from 'osha';
import { isShipped, parseCorosyncConf, type CorosyncConf } from './corosync-conf.ts';

/** What one host says of the cluster that it is in, or is to be in. */
export interface MemberState {
  /** Its `corosync.conf`; absent where it has none. */
  readonly conf?: CorosyncConf | undefined;
  /**
   * The name of the cluster that Corosync runs as, whatever the file says by now; empty where it runs, or may run, and
   * does not answer. Absent only where it is known to be stopped.
   */
  readonly runs?: string | undefined;
  /** How many nodes Corosync sees joined, itself among them; absent where it does not say. */
  readonly joined?: number | undefined;
  /** Pacemaker runs, or may run: it is not known to be stopped. */
  readonly pacemaker: boolean;
  /** How many resources its copy of the cluster's configuration (CIB) holds; absent where it has no copy. */
  readonly resources?: number | undefined;
  /** How many nodes its copy lists; absent where it has no copy. */
  readonly cibNodes?: number | undefined;
  /** The name of the cluster that its copy is of; absent where that does not say. */
  readonly cibName?: string | undefined;
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

/** Understands what the probe printed. Throws a `ProbeError` where it was cut short, or a file could not be read. */
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
    throw new ProbeError(`the host did not say what cluster it is in: ${stderr.trim() || 'no answer'}`);
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
    // None at all is no answer: a Corosync that runs has joined itself.
    joined: count('joined') || undefined,
    pacemaker: said.has('pacemaker'),
    resources: count('resources'),
    cibNodes: count('cib-nodes'),
    cibName: said.get('cib-name'),
    knows,
    accepts,
  };
}

/** The `corosync.conf` of a real cluster; the one that the package comes with is none. */
export function confOf({ conf }: MemberState): CorosyncConf | undefined {
  return conf && !isShipped(conf) ? conf : undefined;
}

/** Corosync and Pacemaker are known to be stopped. */
export function isAtRest({ runs, pacemaker }: MemberState): boolean {
  return runs === undefined && !pacemaker;
}

/**
 * For sure the cluster of one, on loopback, that the package of Corosync comes with, stopped or started: by its file, by
 * what runs, and by what it remembers.
 */
export function isPlaceholder(state: MemberState): boolean {
  const { conf, runs, joined, pacemaker, resources = 0, cibNodes = 0, cibName = 'debian' } = state;
  const alone = runs === undefined ? !pacemaker : runs === 'debian' && joined === 1;
  return (
    conf !== undefined && isShipped(conf) && alone && resources === 0 && cibNodes <= 1 && cibName === 'debian'
  );
}

/** `controller1 addr=10.0.0.11 controller2 addr=10.0.0.12`: hosts as pcs takes them. */
export function pcsHosts(hosts: readonly Host[]): string {
  return hosts.map((host) => `${host.name} addr=${host.address}`).join(' ');
}

import {
  foreseeMember,
  parseUnitState,
  type Platform,
  type Probe,
  type ProbeAnswer,
  type ResourceKey,
  unitProbeScript,
  unitReads,
  type UnitState,
} from 'osha';
import { serverFunctions, DATA_FUNCTIONS, POSITION_FILE } from './shell-functions.ts';

/** Status that a running server reports. */
export interface ServerStatus {
  /** False for a standalone server, without replication. */
  readonly replicates: boolean;
  /** `Primary`, `non-Primary` or `Disconnected`. */
  readonly component: string;
  /** `Synced`, `Joiner`, `Donor/Desynced`, ... */
  readonly state: string;
  /** Number of votes, including the arbitrator. */
  readonly size: number;
  readonly arbitrators: number;
  readonly uuid: string;
  readonly ready: boolean;
  readonly connected: boolean;
  readonly lastCommitted: number;
  /** `wsrep_cluster_name`. */
  readonly clusterName?: string;
}

/** Position of a member's data: transaction `seqno` of the cluster `uuid`; -1 if unknown. */
export interface Position {
  readonly uuid: string;
  readonly seqno: number;
}

/**
 * The server's process. `closed` has no socket for clients, so it serves none; `open` has one; `unknown` if its sockets
 * cannot be listed.
 */
type ServerProcess = 'absent' | 'closed' | 'open' | 'unknown';

/** The observed state of one member. */
export interface MemberObservation {
  readonly installed: boolean;
  readonly unit: UnitState;
  readonly process: ServerProcess;
  /** Absent if the server is not up or does not answer. */
  readonly server?: ServerStatus;
  /** Why a server that may be up could not be queried: the error of the client. */
  readonly complaint?: string;
  /** Data directory of the running server, otherwise of the next start of its unit. */
  readonly directory: string;
  /** Data directory of the next start, if the running server has another. */
  readonly moved?: string;
  /** `present` if the system tables exist; `unknown` if the server's options cannot be read. */
  readonly data: 'present' | 'empty' | 'missing' | 'unknown';
  /** Name of the cluster in the server's option files. */
  readonly clusterName?: string;
  /**
   * Content of `grastate.dat`; with the zero uuid if it is unreadable, or gone although the server was in a cluster.
   */
  readonly saved?: Position & { readonly safeToBootstrap: boolean };
  /** Position in InnoDB, recovered by an earlier change on the stopped server; see `changes.recover`. */
  readonly recovered?: Position;
  /** Whether `gvwstate.dat` exists: the server did not shut down cleanly. */
  readonly view: boolean;
  /** Databases other than the system's. */
  readonly databases: readonly string[];
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const ZERO_UUID = '00000000-0000-0000-0000-000000000000';

const STATUS_NAMES = [
  'wsrep_cluster_size',
  'wsrep_cluster_state_uuid',
  'wsrep_cluster_status',
  'wsrep_connected',
  'wsrep_incoming_addresses',
  'wsrep_last_committed',
  'wsrep_local_state_comment',
  'wsrep_ready',
];

const STATUS = `SET SESSION wsrep_sync_wait=0;
  SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on','wsrep_provider','wsrep_cluster_name');
  SHOW GLOBAL STATUS WHERE Variable_name IN (${STATUS_NAMES.map((name) => `'${name}'`).join(',')})`;

/** The cluster with all its data. */
export const CLUSTER: ResourceKey = 'cluster:galera';

/** Resource that membership decisions depend on. */
export const MEMBERS: ResourceKey = 'cluster:galera/members';

/**
 * Probe for everything osha knows about a member: membership, recovery and health share it. It only reads. In
 * particular it does not run `mariadbd --wsrep-recover`, because InnoDB's crash recovery writes into the data
 * directory: for a stopped member with an unknown position, a change does that and writes the result to
 * `POSITION_FILE`. The note counts only while the data directory, InnoDB's log, the boot and the unit's last start are
 * those that it was made from.
 */
export function observeMember(platform: Platform, configFiles: readonly string[]): Probe<MemberObservation> {
  const unit = platform.units.mariadb;
  return {
    script: probeScript(unit, platform.paths.mariadbData, configFiles),
    reads: [
      MEMBERS,
      ...unitReads(unit, configFiles),
      ...platform.packages.galera.map((name) => `package:${name}` as const),
    ],
    parse: (answer) => parseMember(unit, answer),
    // Only the installed server determines the data directory.
    foresee: foreseeMember(unit, MEMBERS, ({ installed }) => installed),
  };
}

function probeScript(unit: string, dataDirectory: string, configFiles: readonly string[]): string {
  return `(
${unitProbeScript(unit, configFiles)}
)
${serverFunctions(unit, dataDirectory)}
${DATA_FUNCTIONS}
command -v mariadbd >/dev/null 2>&1 && echo installed=yes
resolved=yes
resolve || resolved=no
[ -z "$name" ] || printf 'name=%s\\n' "$name"
pids=$(server_pids)
follow
[ -z "$moved" ] || printf 'moved=%s\\n' "$moved"
printf 'directory=%s\\n' "$data"
if [ $resolved = no ]; then echo data=unknown
elif [ -d "$data/mysql" ]; then echo data=present
elif [ -d "$data" ]; then echo data=empty
else echo data=missing; fi
if [ -e "$state/grastate.dat" ]; then
  echo saved.uuid=${ZERO_UUID}
  sed -n 's/^\\(uuid\\|seqno\\|safe_to_bootstrap\\): */saved.\\1=/p' "$state/grastate.dat"
elif [ -e "$state/gvwstate.dat" ] || [ -e "$state/galera.cache" ]; then
  echo saved.uuid=${ZERO_UUID}
fi
[ ! -e "$state/gvwstate.dat" ] || echo view=yes
own_databases | sed 's/^/database=/'
open=
process=unknown
if [ -z "$pids" ]; then process=absent
elif open=$(listeners "$pids"); then
  open=$(printf '%s\\n' "$open" | doors)
  if [ -n "$open" ]; then process=open; else process=closed; fi
else open="unix $socket"; fi
echo process=$process
p=${POSITION_FILE}
if [ $process = absent ] && [ -r "$p" ] && read -r print position <"$p" && [ "$print" = "$(fingerprint)" ]; then
  printf 'recovered=%s\\n' "$position"
fi
case $process in open | unknown)
  if answer=$(ask "$open" "${STATUS}"); then printf '%s\\n' "$answer" | sed 's/\\t/=/'
  else printf 'complaint=%s\\n' "$answer"; fi ;;
esac
exit 0`;
}

/** Parses the output of the probe. Throws a `ProbeError` if systemd did not answer. */
export function parseMember(unit: string, answer: ProbeAnswer): MemberObservation {
  const values = new Map<string, string>();
  const databases: string[] = [];
  for (const line of answer.stdout.split('\n')) {
    const at = line.indexOf('=');
    if (line.startsWith('database=')) databases.push(line.slice(at + 1));
    else if (at > 0) values.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  const server = serverOf(values);
  const savedUuid = values.get('saved.uuid');
  const complaint = server ? undefined : values.get('complaint');
  const moved = values.get('moved');
  const clusterName = values.get('name');
  const recovered = positionOf(values.get('recovered'));
  return {
    installed: values.get('installed') === 'yes',
    unit: parseUnitState(unit, answer),
    process: oneOf(values.get('process'), ['absent', 'closed', 'open']) ?? 'unknown',
    ...(server ? { server } : {}),
    ...(complaint === undefined ? {} : { complaint }),
    directory: values.get('directory') ?? '',
    ...(moved === undefined ? {} : { moved }),
    data: oneOf(values.get('data'), ['present', 'empty', 'missing']) ?? 'unknown',
    ...(clusterName === undefined ? {} : { clusterName }),
    ...(savedUuid === undefined
      ? {}
      : {
          saved: {
            uuid: UUID.test(savedUuid) ? savedUuid.toLowerCase() : ZERO_UUID,
            seqno: wholeNumber(values.get('saved.seqno')),
            safeToBootstrap: values.get('saved.safe_to_bootstrap') === '1',
          },
        }),
    ...(recovered ? { recovered } : {}),
    view: values.get('view') === 'yes',
    databases,
  };
}

function oneOf<Word extends string>(value: string | undefined, words: readonly Word[]): Word | undefined {
  return words.find((word) => word === value);
}

function serverOf(values: ReadonlyMap<string, string>): ServerStatus | undefined {
  const on = values.get('wsrep_on');
  if (on === undefined) return undefined;
  const name = values.get('wsrep_cluster_name');
  return {
    // Without a provider, a server is standalone even with wsrep_on.
    replicates: on === 'ON' && values.get('wsrep_provider') !== 'none',
    ...(name === undefined ? {} : { clusterName: name }),
    component: values.get('wsrep_cluster_status') ?? 'Disconnected',
    state: values.get('wsrep_local_state_comment') ?? 'unknown',
    size: wholeNumber(values.get('wsrep_cluster_size')),
    arbitrators: arbitratorsIn(values.get('wsrep_incoming_addresses')),
    uuid: (values.get('wsrep_cluster_state_uuid') || ZERO_UUID).toLowerCase(),
    ready: values.get('wsrep_ready') === 'ON',
    connected: values.get('wsrep_connected') === 'ON',
    lastCommitted: wholeNumber(values.get('wsrep_last_committed')),
  };
}

/** Counts arbitrators: they accept no clients, so their entries in the list of client addresses are empty. */
function arbitratorsIn(addresses: string | undefined): number {
  if (addresses === undefined || addresses === '') return 0;
  return addresses.split(',').filter((address) => address === '').length;
}

/** Returns -1 for a missing number. Galera prints 2^64 - 1 for -1. */
function wholeNumber(value: string | undefined): number {
  const number = Number(value === undefined || value === '' ? -1 : value);
  return Number.isSafeInteger(number) ? number : -1;
}

function positionOf(value: string | undefined): Position | undefined {
  const match = /^([0-9a-f-]{36}):(-?\d+)/i.exec(value ?? '');
  return match ? { uuid: (match[1] ?? ZERO_UUID).toLowerCase(), seqno: Number(match[2]) } : undefined;
}

import type { Probe, ProbeAnswer, ResourceKey } from '../../playbook/operation.ts';
import type { Platform } from '../../platform/platform.ts';
import { SQL_CLIENT } from '../mysql/sql.ts';
import { quote } from '../shell.ts';
import { parseUnitState, unitProbeScript, type UnitState } from '../unit-state.ts';

/** What a running server says of itself. */
export interface ServerStatus {
  /** False where it runs as a server of its own, without replication. */
  readonly replicates: boolean;
  /** `Primary`, `non-Primary` or `Disconnected`. */
  readonly component: string;
  /** `Synced`, `Joiner`, `Donor/Desynced`, ... */
  readonly state: string;
  /** Everybody with a vote, an arbitrator included. */
  readonly size: number;
  readonly arbitrators: number;
  readonly uuid: string;
  readonly ready: boolean;
  readonly connected: boolean;
  readonly lastCommitted: number;
}

/** How far a member's data has come: transaction `seqno` of the cluster `uuid`; -1 where nobody knows. */
export interface Position {
  readonly uuid: string;
  readonly seqno: number;
}

/** One member, as it was found. */
export interface MemberObservation {
  readonly installed: boolean;
  readonly unit: UnitState;
  /** Absent where the server is not up, or does not answer. */
  readonly server?: ServerStatus;
  /** `grastate.dat`. */
  readonly saved?: Position & { readonly safeToBootstrap: boolean };
  /** What InnoDB had, found out by an earlier change after the server had stopped; see `recoverScript`. */
  readonly recovered?: Position;
  /** Whether `gvwstate.dat` is there: the server did not stop in good order. */
  readonly view: boolean;
  /** Databases that are not the server's own. */
  readonly databases: readonly string[];
}

export const ZERO_UUID = '00000000-0000-0000-0000-000000000000';

/** Where the position that was found out stands. In memory: after a reboot it has to be found out again. */
export const POSITION_FILE = '/run/osha/galera-position';

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

/** What a decision about the cluster depends on, and what every change of it touches. */
export const CLUSTER: ResourceKey = 'cluster:galera';

/**
 * The one question that everything about Galera is answered from: membership, recovery and health ask it together.
 * It only reads. In particular it does not run `mariadbd --wsrep-recover`, which goes through InnoDB's crash recovery
 * and so writes into the data directory; a stopped member whose position is unknown is given a change that does so
 * and writes what it found to `POSITION_FILE`. That file is believed only while nothing in the data directory is
 * newer, so a server that ran again in the meantime makes it void.
 */
export function observeMember(platform: Platform, configFiles: readonly string[]): Probe<MemberObservation> {
  const unit = platform.units.mariadb;
  return {
    script: probeScript(unit, platform.paths.mariadbData, configFiles),
    reads: [
      CLUSTER,
      `unit:${unit.replace(/\.service$/, '')}`,
      ...configFiles.map((path) => `file:${path}` as const),
      ...platform.packages.galera.map((name) => `package:${name}` as const),
    ],
    parse: (answer) => parseMember(unit, answer),
  };
}

function probeScript(unit: string, dataDirectory: string, configFiles: readonly string[]): string {
  const names = STATUS_NAMES.map((name) => `'${name}'`).join(',');
  return `(
${unitProbeScript(unit, configFiles)}
)
command -v mariadbd >/dev/null 2>&1 && echo installed=yes
d=${quote(dataDirectory)}
[ -r "$d/grastate.dat" ] && sed -n 's/^\\(uuid\\|seqno\\|safe_to_bootstrap\\): */saved.\\1=/p' "$d/grastate.dat"
[ -e "$d/gvwstate.dat" ] && echo view=yes
for i in "$d"/*/; do
  i=\${i%/}
  i=\${i##*/}
  case $i in '*' | mysql | performance_schema | sys | test | lost+found | '#'*) ;; *) printf 'database=%s\\n' "$i" ;; esac
done
p=${POSITION_FILE}
if [ -r "$p" ]; then
  valid=yes
  for i in "$d/grastate.dat" "$d/ibdata1" "$d/ib_logfile0"; do [ "$i" -nt "$p" ] && valid=no; done
  [ $valid = yes ] && printf 'recovered=%s\\n' "$(cat "$p")"
fi
if systemctl is-active --quiet -- ${quote(unit)}; then
  timeout 5 ${SQL_CLIENT} -e "SET SESSION wsrep_sync_wait=0; SHOW GLOBAL VARIABLES LIKE 'wsrep_on';
    SHOW GLOBAL STATUS WHERE Variable_name IN (${names})" 2>/dev/null | sed 's/\\t/=/'
fi
exit 0`;
}

/** Understands what the probe printed. Throws a `ProbeError` where systemd did not answer. */
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
  const recovered = positionOf(values.get('recovered'));
  return {
    installed: values.get('installed') === 'yes',
    unit: parseUnitState(unit, answer),
    ...(server ? { server } : {}),
    ...(savedUuid === undefined
      ? {}
      : {
          saved: {
            uuid: savedUuid.toLowerCase(),
            seqno: wholeNumber(values.get('saved.seqno')),
            safeToBootstrap: values.get('saved.safe_to_bootstrap') === '1',
          },
        }),
    ...(recovered ? { recovered } : {}),
    view: values.get('view') === 'yes',
    databases,
  };
}

function serverOf(values: ReadonlyMap<string, string>): ServerStatus | undefined {
  const on = values.get('wsrep_on');
  if (on === undefined) return undefined;
  return {
    replicates: on === 'ON',
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

/** An arbitrator takes no clients: its entry in the list of addresses for them is empty. */
function arbitratorsIn(addresses: string | undefined): number {
  if (addresses === undefined || addresses === '') return 0;
  return addresses.split(',').filter((address) => address === '').length;
}

/** -1 stands for a number that is not there. Galera prints 2^64 - 1 where it means -1. */
function wholeNumber(value: string | undefined): number {
  const number = Number(value === undefined || value === '' ? -1 : value);
  return Number.isSafeInteger(number) ? number : -1;
}

function positionOf(value: string | undefined): Position | undefined {
  const match = /^([0-9a-f-]{36}):(-?\d+)/i.exec(value ?? '');
  return match ? { uuid: (match[1] ?? ZERO_UUID).toLowerCase(), seqno: Number(match[2]) } : undefined;
}

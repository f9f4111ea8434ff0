import {
  foreseeMember,
  type Host,
  parseUnitState,
  type Platform,
  type Probe,
  type ProbeAnswer,
  quote,
  type ResourceKey,
  unitProbeScript,
  unitReads,
  type UnitState,
  UNMOUNTED,
} from 'osha';
import { queryScript, memberAnswerOf, type MemberStatus, type Silence } from './status.ts';
import { CLIENT_PORT, configFilesOf, formingMarkOf, PEER_PORT } from '../layout.ts';
import { identityOf, isOnlyBootstrap, type Identity, formationOf, type Formation } from './identity.ts';

/** A member's data on disk. */
export interface MemberData {
  /** Absent if it cannot be read. */
  readonly identity?: Identity;
  /**
   * It holds only the beginning of a formation: its member never heard from a leader. Determined only if there is a
   * note.
   */
  readonly onlyBootstrap: boolean;
  /** A file of it that exists without the write-ahead log. */
  readonly fragment?: string;
}

/** The observed state of one member. */
export interface MemberObservation {
  readonly installed: boolean;
  readonly unit: UnitState;
  readonly directory: DataDirectory;
  /** Mount point of a file system that should hold its data and is not mounted. */
  readonly unmounted?: string;
  /** The unit's process and the addresses on which it listens; absent if there is none. */
  readonly process?: { readonly listens: readonly string[] };
  /** Other processes on etcd's ports: `0.0.0.0:2379 nginx`. */
  readonly intruders: readonly string[];
  /** The formation recorded in its note, which is removed once it has been ready. */
  readonly formation?: Formation;
  readonly data?: MemberData;
  /** Absent if it was not queried, because it does not run, or did not answer. */
  readonly status?: MemberStatus;
  readonly silence?: Silence;
}

/** The cluster with all its data. */
export const CLUSTER: ResourceKey = 'cluster:etcd';

/** Resource that membership decisions depend on. */
const MEMBERS: ResourceKey = 'cluster:etcd/members';

/** Bytes that hold the first two records of a log. */
const HEAD_BYTES = 256;

/** Bytes for a formation of nine members that tried to elect a leader for half an hour, at 40 bytes per attempt. */
const BOOTSTRAP_BYTES = 65_536;

/** Bytes of database that a member leaves behind when it could neither form nor join: four pages, and no log. */
const UNUSED_DATABASE_BYTES = 16_384;

/** Probe for everything osha knows about a member. */
export function observeMember(platform: Platform, host: Host): Probe<MemberObservation> {
  const unit = platform.units.etcd;
  const files = configFilesOf(platform);
  const note = quote(formingMarkOf(platform));
  return {
    script: `(
${unitProbeScript(unit, files)}
)
u=${quote(unit)}
pid=$(systemctl show -p MainPID --value -- "$u")
command -v etcd >/dev/null 2>&1 && echo installed=yes
listening=$(ss -Hltnp) || echo sockets=unknown
if [ "\${pid:-0}" != 0 ]; then
  echo process=yes
  printf '%s\\n' "$listening" | grep -F "pid=$pid," | awk '{ print "listens=" $4 }'
fi
printf '%s\\n' "$listening" | grep -vF "pid=\${pid:-0}," |
  awk '$4 ~ /:(${CLIENT_PORT}|${PEER_PORT})$/ { split($6, part, "\\""); print "intruder=" $4, part[2] }'
${dataDirectoryScript(platform)}
${UNMOUNTED}
[ -z "$dir" ] || unmounted_at "$dir" | sed 's/^/unmounted=/'
[ -e ${note} ] && printf 'note=%s\\n' "$(head -n 1 ${note})"
for wal in "$dir"/member/wal/*.wal; do :; done
if [ -e "$wal" ]; then
  printf 'wal=%s\\n' "$(od -An -v -tx1 -N ${HEAD_BYTES} "$wal" | tr -d ' \\n')"
  set -- "$dir"/member/wal/*.wal "$dir"/member/snap/*.snap
  if [ -e ${note} ] && [ $# = 2 ] && ! [ -e "$2" ]; then
    printf 'log=%s\\n' "$(od -An -v -tx1 -N ${BOOTSTRAP_BYTES} "$1" | tr -d ' \\n')"
  fi
elif [ -n "$dir" ]; then
  find "$dir/member" -type f \\( -name '*.snap' -o -size +${UNUSED_DATABASE_BYTES}c \\) 2>/dev/null | head -n 1 | sed 's/^/fragment=/'
fi
if systemctl is-active --quiet -- "$u" || printf '%s\\n' "$listening" | grep -vF "pid=\${pid:-0}," | grep -q ':${CLIENT_PORT} '; then
  ${queryScript(host)}
fi
exit 0`,
    reads: [
      MEMBERS,
      ...unitReads(unit, files),
      ...platform.packages.etcd.map((name) => `package:${name}` as const),
    ],
    parse: (answer) => parseMember(unit, answer),
    // The package brings the unit, and the unit determines the data directory.
    foresee: foreseeMember(unit, MEMBERS, ({ installed }) => installed),
  };
}

/** Parses the output of the probe. Throws a `ProbeError` if systemd did not answer. */
export function parseMember(unit: string, answer: ProbeAnswer): MemberObservation {
  const all = answer.stdout.split('\n');
  const asked = all.indexOf('asked');
  const lines = asked < 0 ? all : all.slice(0, asked);
  const values = (key: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  const [note] = values('note');
  const [unmounted] = values('unmounted');
  const formation = note === undefined ? undefined : formationOf(note);
  const data = dataOf(values('wal')[0], values('log')[0], values('fragment')[0]);
  // If the sockets cannot be listed, a running process counts as listening.
  const listens = lines.includes('sockets=unknown') ? ['unknown'] : values('listens');
  return {
    installed: lines.includes('installed=yes'),
    unit: parseUnitState(unit, answer),
    directory: dataDirectoryOf(lines),
    ...(unmounted === undefined ? {} : { unmounted }),
    ...(lines.includes('process=yes') ? { process: { listens } } : {}),
    intruders: values('intruder'),
    ...(formation ? { formation } : {}),
    ...(data ? { data } : {}),
    ...(asked < 0 ? {} : memberAnswerOf(all.slice(asked + 1))),
  };
}

function dataOf(
  wal: string | undefined,
  log: string | undefined,
  fragment: string | undefined,
): MemberData | undefined {
  if (wal === undefined) return fragment === undefined ? undefined : { fragment, onlyBootstrap: false };
  const identity = identityOf(wal);
  return { ...(identity ? { identity } : {}), onlyBootstrap: log !== undefined && isOnlyBootstrap(log) };
}

/** A member's data directory. */
interface DataDirectory {
  /** Of the running process, otherwise of the next start of its unit; absent if unknown. */
  readonly now?: string;
  /** Of a start on the configuration that osha writes. */
  readonly next?: string;
}

/**
 * Shell commands that print etcd's data directory by etcd's own rules: an option wins over the environment, a later
 * environment file over an earlier one, and a configuration file over all. Needs `$u`, the unit, and `$pid`, its
 * process or 0; leaves the directory in `$dir`, empty if unknown.
 */
export function dataDirectoryScript({ paths }: Platform): string {
  return `found=$(
  {
    systemctl show -p Environment -p EnvironmentFiles -p ExecStart -- "$u"
    if [ "\${pid:-0}" != 0 ] && [ -r "/proc/$pid/environ" ]; then
      printf 'arguments=%s\\n' "$(tr '\\0' ' ' <"/proc/$pid/cmdline")"
      tr '\\0' '\\n' <"/proc/$pid/environ" | grep -E '^(ETCD_DATA_DIR|ETCD_CONFIG_FILE)=' | sed 's/^/running=/'
    fi
  } | awk -v managed=${quote(paths.etcdEnv)} -v usual=${quote(paths.etcdData)} '
    function set(env, line, at, value) {
      at = index(line, "=")
      value = substr(line, at + 1)
      gsub(/["\\047]/, "", value)
      if (at > 1) env[substr(line, 1, at - 1)] = value
    }
    function directory(arguments, env) {
      if (arguments ~ /-config-file[= ]/ || env["ETCD_CONFIG_FILE"] != "") return ""
      if (match(arguments, /-data-dir[= ][^ ]+/)) return substr(arguments, RSTART + 10, RLENGTH - 10)
      return env["ETCD_DATA_DIR"] == "" ? usual : env["ETCD_DATA_DIR"]
    }
    sub(/^Environment=/, "") { n = split($0, word, " "); for (i = 1; i <= n; i++) { gsub(/^"|"$/, "", word[i]); set(now, word[i]); set(then, word[i]) } }
    sub(/^EnvironmentFiles=/, "") { sub(/ \\(ignore_errors=.*/, ""); files[++count] = $0 }
    /^ExecStart=/ && match($0, /argv\\[\\]=.* ; ignore_errors/) { start = substr($0, RSTART + 7, RLENGTH - 23) }
    sub(/^arguments=/, "") { arguments = $0; runs = 1 }
    sub(/^running=/, "") { set(running, $0) }
    END {
      for (i = 1; i <= count; i++) {
        while ((getline line < files[i]) > 0) { set(now, line); if (files[i] != managed) set(then, line) }
        if (files[i] == managed) then["ETCD_DATA_DIR"] = usual
      }
      print "directory=" (runs ? directory(arguments, running) : directory(start " " now["DAEMON_ARGS"], now))
      print "next=" directory(start " " then["DAEMON_ARGS"], then)
    }'
)
printf '%s\\n' "$found" | sed '/=$/d'
dir=$(printf '%s\\n' "$found" | sed -n 's/^directory=//p')`;
}

/** Parses the output of `dataDirectoryScript`. */
export function dataDirectoryOf(lines: readonly string[]): DataDirectory {
  const value = (key: string): string | undefined =>
    lines.find((line) => line.startsWith(`${key}=/`))?.slice(key.length + 1);
  const [now, next] = [value('directory'), value('next')];
  return { ...(now === undefined ? {} : { now }), ...(next === undefined ? {} : { next }) };
}

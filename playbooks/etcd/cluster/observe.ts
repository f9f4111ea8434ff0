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
import { askScript, memberAnswerOf, type MemberStatus, type Silence } from './answer.ts';
import { dataDirectoryOf, dataDirectoryScript, type DataDirectory } from './data-directory.ts';
import { formationOf, type Formation } from './formation.ts';
import { CLIENT_PORT, configFilesOf, formingMarkOf, PEER_PORT } from '../layout.ts';
import { identityOf, isOnlyBootstrap, type Identity } from './wal.ts';

/** What a member has on its disk. */
export interface MemberData {
  /** Whose it is, where that can be read. */
  readonly identity?: Identity;
  /** It holds nothing but the beginning of a formation: its member never heard of a leader. Only seen beside a note. */
  readonly onlyBootstrap: boolean;
  /** A part of it that lies there without the log that belongs to it. */
  readonly fragment?: string;
}

/** One member, as it was found. */
export interface MemberObservation {
  readonly installed: boolean;
  readonly unit: UnitState;
  readonly directory: DataDirectory;
  /** A file system that its data should be on and that is not mounted. */
  readonly unmounted?: string;
  /** The unit's process, and the addresses that it listens at; absent where there is none. */
  readonly process?: { readonly listens: readonly string[] };
  /** What else has etcd's ports: `0.0.0.0:2379 nginx`. */
  readonly intruders: readonly string[];
  /** The formation that it took part in, as it was noted; gone once it was ready. */
  readonly formation?: Formation;
  readonly data?: MemberData;
  /** Absent where it was not asked, because nothing of it runs, or gave no answer. */
  readonly status?: MemberStatus;
  readonly silence?: Silence;
}

/** The cluster with all that it holds. */
export const CLUSTER: ResourceKey = 'cluster:etcd';

/** What a decision about the membership depends on. */
const MEMBERS: ResourceKey = 'cluster:etcd/members';

/** Enough for the first two records of a log, in bytes. */
const HEAD_BYTES = 256;

/** Enough for a formation of nine that tried to elect a leader for half an hour, which takes 40 bytes each time. */
const BOOTSTRAP_BYTES = 65_536;

/** What a member that could neither form nor join leaves of its database, in bytes: four pages, and no log. */
const UNUSED_DATABASE_BYTES = 16_384;

/** The one question that everything about etcd is answered from. */
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
  ${askScript(host)}
fi
exit 0`,
    reads: [
      MEMBERS,
      ...unitReads(unit, files),
      ...platform.packages.etcd.map((name) => `package:${name}` as const),
    ],
    parse: (answer) => parseMember(unit, answer),
    // Where its data is depends on its unit, which comes with its package.
    foresee: foreseeMember(unit, MEMBERS, ({ installed }) => installed),
  };
}

/** Understands what the probe printed. Throws a `ProbeError` where systemd did not answer. */
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
  // Without a list of sockets, what runs counts as if it listened.
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

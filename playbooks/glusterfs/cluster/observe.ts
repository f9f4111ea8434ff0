import {
  foreseeMember,
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
  within,
} from 'osha';

/** The desired state of a volume. */
export interface Volume {
  readonly name: string;
  /** The brick's directory, the same on every server. */
  readonly path: string;
  /** Options by name, as for `gluster volume set`. */
  readonly options: Readonly<Record<string, string>>;
}

export interface StorageOptions {
  readonly platform: Platform;
  /** All volumes: one probe covers them all. */
  readonly volumes: readonly Volume[];
}

/** Another server of the pool, as one server sees it. */
export interface Peer {
  readonly uuid: string;
  /** The name or address with which it was added to the pool. */
  readonly host: string;
  readonly connected: boolean;
  /** The handshake is complete: both accept each other, with the same volumes. */
  readonly joined: boolean;
}

/** The actual state of a volume, as the pool reports it. */
export interface KnownVolume {
  readonly name: string;
  readonly id: string;
  readonly started: boolean;
  /** Gluster's name of the type, such as `Replicate`. */
  readonly type: string;
  /** One of its bricks is an arbiter, which stores only file names and metadata. */
  readonly arbiter: boolean;
  /** Each `host:/path`. */
  readonly bricks: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** The brick of a volume on one server's disk. */
export interface Brick {
  readonly exists: boolean;
  /** The directory is not empty. */
  readonly used: boolean;
  /** ID of the volume in its extended attributes; absent in a directory that never was a brick. */
  readonly volumeId?: string;
  /** Its entries or attributes could not be read, so missing ones prove nothing. */
  readonly unreadable?: true;
  readonly online: boolean;
  /** Number of files in its index of pending heals. */
  readonly backlog: number;
  /** Mount point of its file system in `/etc/fstab`, where that is not mounted. */
  readonly unmounted?: string;
}

/** The observed state of one server. */
export interface ServerObservation {
  readonly unit: UnitState;
  /** Absent before its first contact with a pool. */
  readonly uuid?: string;
  /** Whether glusterd responds to queries for peers and volumes. */
  readonly answers: boolean;
  readonly peers: readonly Peer[];
  readonly volumes: readonly KnownVolume[];
  /** By name of the volume. */
  readonly bricks: ReadonlyMap<string, Brick>;
}

/** Read by every decision about the pool, and touched by every change of it. */
export const CLUSTER: ResourceKey = 'cluster:gluster';

/** The file with the UUID of a server. */
export const IDENTITY_FILE = '/var/lib/glusterd/glusterd.info';

/**
 * The probe behind all decisions and health checks; each server reports on itself. It avoids `gluster volume status` and
 * `heal`, which take a lock and fail when two servers run them at the same time. Without a UUID, glusterd is not queried,
 * because it would generate one.
 */
export function observeServer(platform: Platform, volumes: readonly Volume[]): Probe<ServerObservation> {
  const unit = platform.units.glusterd;
  return {
    script: `(
${unitProbeScript(unit, [])}
)
sed -n 's/^UUID=/uuid=/p' ${IDENTITY_FILE} 2>/dev/null
if systemctl is-active --quiet -- ${quote(unit)}; then
  if ! [ -e ${IDENTITY_FILE} ]; then echo answers=yes
  elif timeout ${within('glusterAnswers')} gluster --mode=script peer status 2>/dev/null | sed 's/^/peer=/' | grep .; then
    volumes=$(timeout ${within('glusterAnswers')} gluster --mode=script volume info 2>&1) && known=yes || known=
    case $volumes in 'No volumes present'*) known=yes ;; esac
    if [ -n "$known" ]; then
      echo answers=yes
      printf '%s\\n' "$volumes" | sed 's/^/volume=/'
    fi
  fi
fi
${UNMOUNTED}
brick() {
  unmounted=$(unmounted_at "$2")
  exists=no used=no id= online=no backlog=0
  said=$(LC_ALL=C stat -L -- "$2" 2>&1) || case $said in *'No such file'*) ;; *) id=unreadable ;; esac
  if [ -d "$2" ]; then
    exists=yes
    entries=$(find "$2" -mindepth 1 -maxdepth 1 ! -name .glusterfs -print -quit 2>&1) || id=unreadable
    [ -z "$entries" ] || used=yes
    said=$(LC_ALL=C getfattr --absolute-names -n trusted.glusterfs.volume-id -e hex "$2" 2>&1)
    case $said in
      *'=0x'*) id=\${id:-$(printf '%s\\n' "$said" | sed -n 's/.*=0x//p')} ;;
      *'No such attribute'*) ;;
      *) id=unreadable ;;
    esac
    index="$2/.glusterfs/indices/xattrop"
    if [ -d "$index" ]; then backlog=$(find "$index" -mindepth 1 -maxdepth 1 ! -name 'xattrop-*' | wc -l); fi
  fi
  for file in /run/gluster/vols/"$1"/*.pid; do
    pid=$(cat "$file" 2>/dev/null) && [ -n "$pid" ] && grep -qa glusterfsd "/proc/$pid/cmdline" 2>/dev/null && online=yes
  done
  printf 'brick=%s %s %s %s %s %s %s\\n' "$1" "$exists" "$used" "\${id:--}" "$online" "$backlog" "$unmounted"
}
${volumes.map(({ name, path }) => `brick ${quote(name)} ${quote(path)}`).join('\n')}
exit 0`,
    reads: [
      CLUSTER,
      ...unitReads(unit),
      ...platform.packages.glusterServer.map((name) => `package:${name}` as const),
    ],
    parse: (answer) => parseServer(unit, answer),
    foresee: foreseeMember(unit, CLUSTER),
  };
}

/** Parses the output of the probe. Throws a `ProbeError` when the state of the unit is missing. */
export function parseServer(unit: string, answer: ProbeAnswer): ServerObservation {
  const lines = answer.stdout.split('\n');
  const all = (key: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  const uuid = all('uuid')[0];
  return {
    unit: parseUnitState(unit, answer),
    ...(uuid === undefined ? {} : { uuid }),
    answers: lines.includes('answers=yes'),
    peers: peersOf(all('peer')),
    volumes: volumesOf(all('volume')),
    bricks: new Map(all('brick').map(brickOf)),
  };
}

/** Parses `gluster peer status`: name, UUID and state of each peer, on consecutive lines. */
function peersOf(lines: readonly string[]): readonly Peer[] {
  return lines.flatMap((line, index): readonly Peer[] => {
    const host = /^Hostname: (.+)$/.exec(line)?.[1];
    const uuid = /^Uuid: ([0-9a-f-]+)$/.exec(lines[index + 1] ?? '')?.[1];
    if (host === undefined || uuid === undefined) return [];
    const state = /^State: (.+) \((\w+)\)$/.exec(lines[index + 2] ?? '');
    return [{ uuid, host, connected: state?.[2] === 'Connected', joined: state?.[1] === 'Peer in Cluster' }];
  });
}

/** Parses `gluster volume info`. */
function volumesOf(lines: readonly string[]): readonly KnownVolume[] {
  const starts = lines.flatMap((line, index) => (line.startsWith('Volume Name: ') ? [index] : []));
  return starts.map((start, index) => {
    const own = lines.slice(start, starts[index + 1] ?? lines.length);
    const pairs = own.map((line) => {
      const at = line.indexOf(': ');
      return [line.slice(0, at), line.slice(at + 2).trim()] as const;
    });
    const value = (key: string): string => pairs.find(([name]) => name === key)?.[1] ?? '';
    const options = own.findIndex((line) => line.startsWith('Options Reconfigured:'));
    return {
      name: value('Volume Name'),
      id: value('Volume ID').replaceAll('-', ''),
      started: value('Status') === 'Started',
      type: value('Type'),
      arbiter: pairs.some(([name, brick]) => /^Brick\d+$/.test(name) && brick.endsWith(' (arbiter)')),
      // The brick of an arbiter has a suffix after its path.
      bricks: pairs
        .filter(([name]) => /^Brick\d+$/.test(name))
        .map(([, brick]) => brick.replace(/ \(.*\)$/, '')),
      options: new Map(options < 0 ? [] : pairs.slice(options + 1).filter(([name]) => name !== '')),
    };
  });
}

function brickOf(line: string): readonly [string, Brick] {
  const [name = '', exists, used, id = '-', online, backlog = '0', unmounted = ''] = line.split(' ');
  return [
    name,
    {
      exists: exists === 'yes',
      used: used === 'yes',
      ...(id === 'unreadable' ? { unreadable: true as const } : id === '-' ? {} : { volumeId: id }),
      online: online === 'yes',
      backlog: Number(backlog),
      ...(unmounted === '' ? {} : { unmounted }),
    },
  ];
}

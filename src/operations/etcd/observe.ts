import type { Host } from '../../inventory/types.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Probe, ProbeAnswer, ResourceKey } from '../../playbook/operation.ts';
import { quote } from '../shell.ts';
import { parseUnitState, unitProbeScript, type UnitState } from '../unit-state.ts';
import { CLIENT_PORT, clientUrlOf, configFilesOf, formingMarkOf } from './layout.ts';
import { identityOf, idOf, type Identity } from './wal.ts';

/** A member as the cluster lists it. */
export interface ListedMember {
  readonly id: string;
  /** Empty where it was added and never started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/** What a member that answers says of itself and of its cluster. */
export interface MemberStatus extends Identity {
  readonly version: string;
  /** The id of the leader; absent where it knows of none. */
  readonly leader?: string;
  readonly term: number;
  readonly index: number;
  readonly sizeBytes: number;
  /** Such as an alarm that the quota is used up. */
  readonly errors: readonly string[];
  readonly listed: readonly ListedMember[];
  /** It answered a client at the host's own address, and agreed with a majority for it. */
  readonly healthy: boolean;
}

/** One member, as it was found. */
export interface MemberObservation {
  readonly installed: boolean;
  readonly unit: UnitState;
  /** It took part in forming the cluster and was never ready since. */
  readonly forming: boolean;
  /** Whether it has data, and whose, where that can be read. */
  readonly data?: { readonly identity?: Identity };
  /** Absent where it does not run, or does not answer. */
  readonly status?: MemberStatus;
}

/** What a decision about the cluster depends on, and what every change of it touches. */
export const CLUSTER: ResourceKey = 'cluster:etcd';

/** Enough for the first two records of a log, in bytes. */
const HEAD_BYTES = 256;

/** Seconds that a member may take for one answer. */
const ANSWER_SECONDS = 5;

/**
 * The one question that everything about etcd is answered from. It asks over HTTP, because that prints ids as texts:
 * the JSON of `etcdctl` has numbers above 2^53, which JavaScript would round.
 */
export function observeMember(platform: Platform, host: Host): Probe<MemberObservation> {
  const unit = platform.units.etcd;
  const files = configFilesOf(platform);
  const api = `http://127.0.0.1:${CLIENT_PORT}`;
  const ask = `-s -m ${ANSWER_SECONDS} -w '\\n'`;
  return {
    script: `(
${unitProbeScript(unit, files)}
)
command -v etcd >/dev/null 2>&1 && echo installed=yes
[ -e ${quote(formingMarkOf(platform))} ] && echo forming=yes
for wal in ${quote(platform.paths.etcdData)}/member/wal/*.wal; do :; done
[ -e "$wal" ] && printf 'wal=%s\\n' "$(od -An -v -tx1 -N ${HEAD_BYTES} "$wal" | tr -d ' \\n')"
if systemctl is-active --quiet -- ${quote(unit)}; then
  echo asked
  curl ${ask} -d '{}' ${api}/v3/maintenance/status \\
    --next ${ask} -d '{}' ${api}/v3/cluster/member/list \\
    --next ${ask} ${clientUrlOf(host)}/health
fi
exit 0`,
    reads: [
      CLUSTER,
      `unit:${unit}`,
      ...files.map((path) => `file:${path}` as const),
      ...platform.packages.etcd.map((name) => `package:${name}` as const),
    ],
    parse: (answer) => parseMember(unit, answer),
  };
}

/** Understands what the probe printed. Throws a `ProbeError` where systemd did not answer. */
export function parseMember(unit: string, answer: ProbeAnswer): MemberObservation {
  const lines = answer.stdout.split('\n');
  const wal = lines.find((line) => line.startsWith('wal='))?.slice('wal='.length);
  const identity = wal === undefined ? undefined : identityOf(wal);
  const asked = lines.indexOf('asked');
  const status = asked < 0 ? undefined : statusOf(lines.slice(asked + 1));
  return {
    installed: lines.includes('installed=yes'),
    unit: parseUnitState(unit, answer),
    forming: lines.includes('forming=yes'),
    ...(wal === undefined ? {} : { data: identity ? { identity } : {} }),
    ...(status ? { status } : {}),
  };
}

interface Header {
  readonly cluster_id?: string;
  readonly member_id?: string;
}

interface StatusResponse {
  readonly header?: Header;
  readonly version?: string;
  readonly leader?: string;
  readonly raftTerm?: string;
  readonly raftIndex?: string;
  readonly dbSize?: string;
  readonly errors?: readonly string[];
}

interface ListResponse {
  readonly members?: readonly {
    readonly ID?: string;
    readonly name?: string;
    readonly peerURLs?: readonly string[];
  }[];
}

/** Fields that are zero or empty are left out of etcd's JSON. */
function statusOf([first = '', second = '', third = '']: readonly string[]): MemberStatus | undefined {
  const status = objectOf<StatusResponse>(first);
  const list = objectOf<ListResponse>(second);
  const cluster = status?.header?.cluster_id;
  const member = status?.header?.member_id;
  if (!status || !list?.members || cluster === undefined || member === undefined) return undefined;
  const { leader = '0' } = status;
  return {
    cluster: idOf(BigInt(cluster)),
    member: idOf(BigInt(member)),
    version: status.version ?? '',
    ...(leader === '0' ? {} : { leader: idOf(BigInt(leader)) }),
    term: Number(status.raftTerm ?? 0),
    index: Number(status.raftIndex ?? 0),
    sizeBytes: Number(status.dbSize ?? 0),
    errors: status.errors ?? [],
    listed: list.members.map(({ ID = '0', name = '', peerURLs = [] }) => ({
      id: idOf(BigInt(ID)),
      name,
      peerUrls: peerURLs,
    })),
    healthy: objectOf<{ readonly health?: string }>(third)?.health === 'true',
  };
}

function objectOf<Shape>(json: string): Shape | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Shape) : undefined;
  } catch {
    return undefined;
  }
}

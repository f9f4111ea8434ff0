import type { Host } from '../inventory/types.ts';
import { within } from '../playbook/limits.ts';
import {
  ProbeError,
  type Change,
  type Effect,
  type Finding,
  type HealthCheck,
  type Operation,
  type ProbeAnswer,
} from '../playbook/operation.ts';
import * as file from './file.ts';
import { startScript } from './service.ts';
import { quote } from './shell.ts';
import { newerThanStart, parseUnitState, unitProbeScript, type UnitState } from './unit-state.ts';

/** A file system that a host mounts, now and at boot. */
export interface Mount {
  /** Such as `server1:/images`. */
  readonly what: string;
  /** An absolute path without white space. */
  readonly where: string;
  /** As `mount -t` takes it. */
  readonly type: string;
  readonly options: readonly string[];
  /** Units of this host that it needs first. */
  readonly after?: readonly string[];
}

/**
 * A file system is mounted by a systemd unit, also at boot, with retries. One that does not answer is remounted. Files
 * at the mount point are never hidden: they are an error.
 */
export function mounted(mount: Mount): readonly Operation[] {
  const path = mountUnitPathOf(mount.where);
  return [
    file.content(MOUNT_AGAIN_PATH, { content: MOUNT_AGAIN }),
    file.content(path, { content: mountUnitFile(mount) }),
    active(mount),
  ];
}

/**
 * The name that systemd wants for the unit of a mount point: `/var/lib/a-b` is `var-lib-a\x2db.mount`
 * (systemd.unit(5), "String Escaping for Inclusion in Unit Names").
 */
export function mountUnitOf(where: string): string {
  const trimmed = where.replace(/^\/+|\/+$/g, '').replace(/\/+/g, '/');
  if (trimmed === '') return '-.mount';
  const escaped = [...Buffer.from(trimmed, 'utf8')].map((byte, index) => {
    const character = String.fromCharCode(byte);
    if (character === '/') return '-';
    if (/[A-Za-z0-9:_]/.test(character) || (character === '.' && index > 0)) return character;
    return `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `${escaped.join('')}.mount`;
}

/** The path of a mount point's unit file. */
function mountUnitPathOf(where: string): string {
  return `/etc/systemd/system/${mountUnitOf(where)}`;
}

/** The path of the unit that retries a mount. */
const MOUNT_AGAIN_PATH = '/etc/systemd/system/osha-mount-again@.service';

/**
 * The unit file of a mount. Services that need network file systems wait for `remote-fs.target`; callers pass `nofail`,
 * so that a host boots without the file system.
 */
export function mountUnitFile({ what, where, type, options, after = [] }: Mount): string {
  const units = ['network-online.target', ...after].join(' ');
  return `# Placed by osha.
[Unit]
Description=${what} at ${where}
Wants=network-online.target
After=${units}
OnFailure=osha-mount-again@%p.service

[Mount]
What=${what}
Where=${where}
Type=${type}
Options=${options.join(',')}
TimeoutSec=90

[Install]
WantedBy=remote-fs.target
`;
}

/**
 * systemd tries a mount once. After a blackout, a host may be up before the servers that it mounts from, so this unit
 * retries until they are available. Not `Type=oneshot`: systemd considers a host to be starting while a start job runs.
 * A mount that is stopped or masked by hand is not retried.
 */
const MOUNT_AGAIN = `# Placed by osha.
[Unit]
Description=Try to mount %I again

[Service]
Type=exec
ExecStart=/bin/sh -c 'while systemctl -q is-failed -- "$$1"; do sleep 10; systemctl start -- "$$1"; done' sh %i.mount
`;

function active(mount: Mount): Operation<MountState> {
  const { where, what } = mount;
  const unit = mountUnitOf(where);
  const path = mountUnitPathOf(where);
  const touches = [`unit:${unit}`, `file:${where}`] as const;
  const change = (summary: string, script: string, effects: readonly Effect[] = []): Change => ({
    summary,
    script,
    touches,
    effects,
  });
  return {
    scope: 'host',
    title: `${what} at ${where}`,
    effects: ['starts', 'restarts'],
    probe: {
      script: mountProbeScript(where),
      reads: [...touches, `file:${path}`],
      parse: (answer) => parseMountState(mount, answer, { guard: true }),
    },
    decide: ({ unit: state, mounted: present, answers }) => {
      // For a mount that systemd detected itself, it knows no unit file until a reload.
      const enable = `systemctl daemon-reload\nsystemctl unmask ${quote(unit)}\nsystemctl enable ${quote(unit)}`;
      const boot =
        state.boot === 'enabled' && !state.masked ? [] : [change(`mount ${where} at boot`, enable)];
      if (!present) {
        return [...boot, change(`mount ${what} at ${where}`, startScript(unit, 'start', []), ['starts'])];
      }
      if (!answers) {
        const script = `umount -l -- ${quote(where)}\n${startScript(unit, 'start', [])}`;
        return [
          ...boot,
          change(`mount ${what} at ${where} again (it does not answer)`, script, ['restarts']),
        ];
      }
      const newer = newerThanStart(state);
      if (newer.length === 0) return boot;
      const ahead = newer.filter((name) => (state.changed.get(name) ?? 0) > state.now);
      return [
        ...boot,
        change(`mount ${what} at ${where} again (${path} is newer)`, remount(unit, where, ahead), [
          'restarts',
        ]),
      ];
    },
  };
}

/** systemd reports only that unmounting failed when a file there is open. */
function remount(unit: string, where: string, ahead: readonly string[]): string {
  return `if ! umount -- ${quote(where)}; then
  echo ${quote(`something uses ${where}: stop that first (fuser -vm ${where} names it), then run again`)} >&2
  exit 1
fi
${startScript(unit, 'restart', ahead)}`;
}

/** The observed state of a mount point. */
interface MountState {
  readonly unit: UnitState;
  /** What is mounted there according to the kernel. */
  readonly mounted?: { readonly what: string; readonly type: string };
  /** Whether the mounted file system answers; also false where nothing is mounted. */
  readonly answers: boolean;
}

/** A script that prints what is mounted at a path, whether it answers, and whether a mount there would hide files. */
function mountProbeScript(where: string): string {
  return `(
${unitProbeScript(mountUnitOf(where), [mountUnitPathOf(where)])}
)
w=${quote(where)}
m=$(awk -v w="$w" '$2 == w { line = $3 " " $1 } END { print line }' /proc/self/mounts)
if [ -n "$m" ]; then
  printf 'mounted=%s\\n' "$m"
  timeout -k 1 ${within('mountAnswers')} stat -f -- "$w" >/dev/null 2>&1 && echo fs-answers=yes
elif [ -d "$w" ] && [ -n "$(find "$w" -mindepth 1 -maxdepth 1 -print -quit)" ]; then
  echo hides=yes
fi
exit 0`;
}

/** Parses the output of the probe. With `guard`, throws a `ProbeError` where a mount would hide files. */
function parseMountState(
  mount: Pick<Mount, 'where'>,
  answer: ProbeAnswer,
  options: { readonly guard: boolean },
): MountState {
  const lines = answer.stdout.split('\n');
  if (options.guard && lines.includes('hides=yes')) {
    throw new ProbeError(
      `${mount.where} is not mounted and holds files, which a mount would hide: move them away, and onto the volume once it is mounted`,
    );
  }
  const mounted = lines.find((line) => line.startsWith('mounted='))?.slice('mounted='.length);
  const at = mounted?.indexOf(' ') ?? -1;
  return {
    unit: parseUnitState(mountUnitOf(mount.where), answer),
    ...(mounted === undefined
      ? {}
      : { mounted: { type: mounted.slice(0, at), what: mounted.slice(at + 1) } }),
    answers: lines.includes('fs-answers=yes'),
  };
}

export interface MountAccess {
  /** Create the directory if it is missing; default: a missing directory is an error. */
  readonly create?: boolean;
  /** A user's name or number. */
  readonly owner: string;
  /** A group's name or number. */
  readonly group: string;
  readonly mode: number;
}

/** The numeric owner and mode of a file system's root, and the numeric ids of the wanted names on this host. */
export interface AccessState {
  /** Absent where the directory does not exist. */
  readonly is?: { readonly uid: string; readonly gid: string; readonly mode: number };
  /** Absent where the host has no such user. */
  readonly wantedUid?: string;
  readonly wantedGid?: string;
}

/**
 * The root of the file system mounted at `where` has this owner and mode. A change on one host affects all, so numeric
 * ids are compared. A name that the host does not know yet is left for a later run.
 */
export function access(where: string, wanted: MountAccess): Operation<AccessState> {
  const mode = wanted.mode.toString(8).padStart(4, '0');
  return {
    scope: 'host',
    title: `${where} belongs to ${wanted.owner}:${wanted.group}`,
    probe: {
      script: `w=${quote(where)}
if [ -e "$w" ]; then timeout ${within('mountStat')} stat -c 'is=%u %g %a' -- "$w"; else echo is=missing; fi
id() { case $2 in *[!0-9]*) getent "$1" "$2" | cut -d : -f 3 ;; *) echo "$2" ;; esac; }
echo "uid=$(id passwd ${quote(wanted.owner)})"
echo "gid=$(id group ${quote(wanted.group)})"
exit 0`,
      reads: [`file:${where}`, `user:${wanted.owner}`],
      parse: ({ stdout, stderr }) => {
        const value = (key: string): string =>
          new RegExp(`^${key}=(.*)$`, 'm').exec(stdout)?.[1]?.trim() ?? '';
        const [uid, gid, present] = value('is').split(' ');
        const known = uid !== undefined && gid !== undefined && present !== undefined;
        if (!known && !(wanted.create === true && stdout.includes('is=missing'))) {
          throw new ProbeError(`${where} does not show its owner: ${stderr.trim() || 'no answer'}`);
        }
        return {
          ...(known ? { is: { uid, gid, mode: Number.parseInt(present, 8) } } : {}),
          ...(value('uid') === '' ? {} : { wantedUid: value('uid') }),
          ...(value('gid') === '' ? {} : { wantedGid: value('gid') }),
        };
      },
    },
    decide: ({ is, wantedUid, wantedGid }) => {
      const known = wantedUid !== undefined && wantedGid !== undefined;
      if (is && !known) return [];
      if (is && is.uid === wantedUid && is.gid === wantedGid && is.mode === wanted.mode) return [];
      const to = `${wanted.owner}:${wanted.group}, mode ${mode}`;
      return [
        {
          summary: is
            ? `set ${where} to ${to} (currently ${is.uid}:${is.gid}, mode ${is.mode.toString(8).padStart(4, '0')})`
            : `create the directory ${where}${known ? `, ${to}` : ''}`,
          script: [
            ...(is ? [] : [`(umask 022; mkdir -p -- ${quote(where)})`]),
            ...(known
              ? [
                  `chown ${quote(`${wantedUid}:${wantedGid}`)} ${quote(where)}`,
                  `chmod ${mode} ${quote(where)}`,
                ]
              : []),
          ].join('\n'),
          touches: [`file:${where}`],
        },
      ];
    },
  };
}

type Place = Pick<Mount, 'where' | 'what'>;

/** By mount point. */
type Mounts = ReadonlyMap<string, MountState>;

const PART = '-- mount ';

/** Every host has its file systems mounted, and they answer. */
export function answering(
  hosts: readonly Host[],
  mountsOf: (host: Host) => readonly Place[],
  /** The phase to deploy where one is missing. */
  phase: string,
): HealthCheck<Mounts> {
  return {
    scope: 'health',
    title: 'every shared file system is mounted and answers',
    members: hosts,
    probe: (host) => ({
      script: `${mountsOf(host)
        .map(({ where }) => `echo '${PART}${where}'\n(\n${mountProbeScript(where)}\n)`)
        .join('\n')}\nexit 0`,
      reads: mountsOf(host).map(({ where }) => `file:${where}` as const),
      parse: (answer) => {
        const parts = answer.stdout.split(PART).slice(1);
        return new Map(
          parts.map((part) => {
            const end = part.indexOf('\n');
            const where = part.slice(0, end);
            const own = { ...answer, stdout: part.slice(end + 1) };
            return [where, parseMountState({ where }, own, { guard: false })];
          }),
        );
      },
    }),
    judge: (answers) =>
      hosts.flatMap((host) =>
        mountsOf(host).map((place): Finding => {
          const base = { subject: `mount ${place.where}`, host: host.name };
          const answer = answers.get(host.name);
          if (!answer?.reachable) {
            return {
              ...base,
              healthy: false,
              evidence: `unreachable: ${answer?.reason ?? 'it was not asked'}`,
            };
          }
          return { ...base, ...judge(answer.observed.get(place.where), place, phase) };
        }),
      ),
  };
}

function judge(
  state: MountState | undefined,
  { what }: Place,
  phase: string,
): Pick<Finding, 'healthy' | 'evidence' | 'hint'> {
  const hint = `osha deploy INVENTORY --only ${phase}`;
  if (!state?.mounted) return { healthy: false, evidence: 'not mounted', hint };
  const { mounted, answers } = state;
  if (!answers) return { healthy: false, evidence: `${mounted.what} is mounted but does not answer`, hint };
  if (mounted.type === 'none' || what.startsWith('/') || mounted.what === what) {
    return { healthy: true, evidence: `${mounted.what} (${mounted.type}), answers` };
  }
  return { healthy: false, evidence: `${mounted.what} is mounted there, not ${what}`, hint };
}

import type { Operation } from '../playbook/operation.ts';
import { ProbeError } from '../playbook/operation.ts';
import { quote } from './shell.ts';
import { within } from '../playbook/limits.ts';

export interface MountAccess {
  /** Make the directory where there is none; default: that is an error. */
  readonly create?: boolean;
  /** A user's name or number. */
  readonly owner: string;
  /** A group's name or number. */
  readonly group: string;
  readonly mode: number;
}

/** Whose the root of a file system is, and what the wanted names mean on this host. Numbers. */
export interface AccessState {
  /** Absent where there is no such directory. */
  readonly is?: { readonly uid: string; readonly gid: string; readonly mode: number };
  /** Absent where the host has no such user. */
  readonly wantedUid?: string;
  readonly wantedGid?: string;
}

/**
 * The root of the file system mounted at `where` has this owner and mode. It is done on one host and holds for all, so
 * numbers are compared. A name that the host does not know yet is left for the run that finds it.
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
          throw new ProbeError(`${where} does not say whose it is: ${stderr.trim() || 'no answer'}`);
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
            ? `give ${where} to ${to} (it is ${is.uid}:${is.gid}, ${is.mode.toString(8).padStart(4, '0')})`
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

import type { Change, Effect, Operation } from '../playbook/operation.ts';
import * as file from './file.ts';
import { mountProbeScript, parseMountState, type MountState } from './mount-state.ts';
import {
  MOUNT_AGAIN,
  MOUNT_AGAIN_PATH,
  mountUnitFile,
  mountUnitOf,
  mountUnitPathOf,
  type Mount,
} from './mount-unit.ts';
import { newerThanStart } from './newer-files.ts';
import { startScript } from './service-script.ts';
import { quote } from './shell.ts';

export { access, type MountAccess } from './mount-access.ts';
export { answering } from './mount-health.ts';
export { mountUnitOf, mountUnitPathOf, type Mount } from './mount-unit.ts';

/**
 * A file system is mounted, by a unit of systemd, at boot too, and as often as it takes. One that does not answer is
 * mounted anew. Files that stand where it should be mounted are never hidden: that is an error.
 */
export function mounted(mount: Mount): readonly Operation[] {
  const path = mountUnitPathOf(mount.where);
  return [
    file.content(MOUNT_AGAIN_PATH, { content: MOUNT_AGAIN }),
    file.content(path, { content: mountUnitFile(mount) }),
    active(mount),
  ];
}

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
      // A mount that systemd found by itself has no unit's file in its eyes, until it looks again.
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

/** systemd says only that unmounting failed, when something has a file open there. */
function remount(unit: string, where: string, ahead: readonly string[]): string {
  return `if ! umount -- ${quote(where)}; then
  echo ${quote(`something uses ${where}: stop that first (fuser -vm ${where} names it), then run again`)} >&2
  exit 1
fi
${startScript(unit, 'restart', ahead)}`;
}

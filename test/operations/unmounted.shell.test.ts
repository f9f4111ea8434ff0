import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UNMOUNTED } from '../../src/operations/unmounted.ts';
import { inFolder } from './fake-commands.ts';
import { runHere } from './local.ts';

/** What is missing at /srv/etcd/data, with these lines in the files, and these mount units by their state. */
function missing(fstab: string, mounts: string, units: Readonly<Record<string, string>> = {}): string {
  const shown = Object.entries(units)
    .map(([where, active]) => `Where=${where}\nLoadState=loaded\nActiveState=${active}\n`)
    .join('\n');
  const systemctl = `cat <<END\n${shown}\nEND`;
  return inFolder({ systemctl, 'systemd-escape': 'echo a.mount b.mount' }, (folder, path) => {
    writeFileSync(join(folder, 'fstab'), fstab);
    writeFileSync(join(folder, 'mounts'), mounts);
    const script = UNMOUNTED.replaceAll('/etc/fstab', `${folder}/fstab`).replaceAll(
      '/proc/self/mounts',
      `${folder}/mounts`,
    );
    return runHere(`${path}\n${script}\nunmounted_at /srv/etcd/data`).stdout.trim();
  });
}

describe('a file system that is not mounted', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['none is missing where none is wanted', missing('/dev/sda1 / ext4 defaults 0 1\n', 'x / ext4\n'), ''],
    [
      'one of fstab is missing',
      missing('# disks\n/dev/sdb1 /srv/etcd ext4 defaults 0 2\n', 'x / ext4\n'),
      '/srv/etcd',
    ],
    ['one of fstab is mounted', missing('/dev/sdb1 /srv/etcd ext4\n', 'x / ext4\ny /srv/etcd ext4 rw\n'), ''],
    ['one that is commented out is not wanted', missing('#/dev/sdb1 /srv/etcd ext4\n', 'x / ext4\n'), ''],
    ['another directory is not meant', missing('/dev/sdb1 /srv/etc ext4\n', 'x / ext4\n'), ''],
    ['one of a mount unit is missing', missing('', 'x / ext4\n', { '/srv': 'failed' }), '/srv'],
    ['one of a mount unit is mounted', missing('', 'y /srv ext4\n', { '/srv': 'active' }), ''],
  ];
  it.each(cases)('%s', (_name, found, expected) => {
    expect(found).toBe(expected);
  });
});

import { spawnSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { GUEST_SCRIPT, readGuest } from '../../src/cloud/guest.ts';
import { guestSays, panicOf } from '../../src/cloud/smoke/console.ts';
import { folderForAll } from '../support/temporary-folder.ts';

const folder = folderForAll();
const write = (path: string, text: string, mode = 0o644): void => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text, { mode });
};
beforeAll(() => {
  write('boot/vmlinuz-6.1.0-9-cloud', 'an older kernel');
  write('boot/vmlinuz-6.1.0-56-cloud', 'the kernel');
  write('lib/modules/6.1.0-56-cloud/kernel/virtio.ko', 'a module');
  write('lib/modules/6.1.0-56-cloud/kernel/virtio_net.ko', 'another');
  // Only busybox's cpio is called; this one lists the files that would be archived.
  write('bin/busybox', '#!/bin/sh\ncat\n', 0o755);
});

/** The output of the script on a host whose files are below `folder`. */
function made(script = GUEST_SCRIPT): { stdout: string; stderr: string; status: number | null } {
  const moved = script
    .replaceAll('/boot/', `${folder}/boot/`)
    .replaceAll('=/lib/modules', `=${folder}/lib/modules`);
  const env = { PATH: `${folder}/bin:/usr/bin:/bin`, TMPDIR: folder };
  return spawnSync('sh', ['-s'], { input: moved, env, encoding: 'utf8' });
}

describe('the guest', () => {
  it('is built from the newest kernel of a host, its modules and its busybox, and leaves no files behind', () => {
    const { stdout, stderr, status } = made();
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const guest = readGuest(stdout);
    if ('missing' in guest) throw new Error(guest.missing.join());
    expect(guest.name).toBe(`${folder}/boot/vmlinuz-6.1.0-56-cloud`);
    expect(guest.kernel.toString()).toBe('the kernel');
    const files = gunzipSync(guest.ramdisk).toString().split('\n');
    expect(files).toEqual(
      expect.arrayContaining(['./init', './bin/busybox', './modules/virtio.ko', './modules/virtio_net.ko']),
    );
    expect(spawnSync('ls', [folder], { encoding: 'utf8' }).stdout).toBe('bin\nboot\nlib\n');
  });

  it.each([
    ['/boot/vmlinuz-*', '/boot/none-*', ['kernel']],
    ['command -v busybox', 'command -v no-such-program', ['busybox']],
    ['/lib/modules', '/lib/none', ['modules']],
  ])('is not made where %s is missing, and that is said', (there, absent, missing) => {
    const { stdout, status } = made(GUEST_SCRIPT.replaceAll(there, absent));
    expect({ status, ...readGuest(stdout) }).toEqual({ status: 0, missing });
  });

  it('has scripts with valid syntax', () => {
    const programs = [...GUEST_SCRIPT.matchAll(/<<'(\w+)'\n([^]*?)\1\n/g)].map((match) => match[2] ?? '');
    expect(programs).toHaveLength(2);
    for (const program of programs) {
      expect(spawnSync('sh', ['-n'], { input: program, encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      });
    }
  });
});

it.each([
  ['booting\n', undefined],
  ['x-marker address none\n', 'none'],
  ['[ 1.0] a kernel line\r\nx-marker address none\r\nx-marker address 10.0.0.7\r\nhalf a li', '10.0.0.7'],
  ['another-marker address 10.0.0.9\nx-marker address 10.0.0.7', '10.0.0.7'],
])('reads the console %j', (output, expected) => {
  expect(guestSays(output, 'x-marker')).toBe(expected);
});

it.each([
  ['booting\n', undefined],
  ['it says: no Kernel panic here\n', undefined],
  [
    "[ 0.0] Kernel panic - not syncing: IO-APIC + timer doesn't work!\r\n[ 0.0] CPU: 0",
    "IO-APIC + timer doesn't work!",
  ],
  ['[ 0.0] ---[ end Kernel panic - not syncing: the rest of an older one ]---', undefined],
])('finds why the kernel gave up in %j', (output, expected) => {
  expect(panicOf(output)).toBe(expected);
});

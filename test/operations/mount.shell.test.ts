import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as mount from '../../src/operations/mount.ts';
import { ProbeError, type Answer, type Operation } from '../../src/playbook/operation.ts';
import { aHost } from '../support/inventory.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { apply, converge, me, pending, runHere } from './local.ts';

const IMAGES: mount.Mount = {
  what: 's1:/images',
  where: '/var/lib/glance/images',
  type: 'glusterfs',
  options: ['_netdev', 'backup-volfile-servers=s2:s3'],
  after: ['glusterd.service'],
};
const folder = folderForAll();

describe('the name of a mount unit', () => {
  // What systemd-escape --path --suffix=mount says.
  it.each([
    ['/var/lib/glance/images', 'var-lib-glance-images.mount'],
    ['/srv/a-b', 'srv-a\\x2db.mount'],
    ['/srv//a@b+c/', 'srv-a\\x40b\\x2bc.mount'],
    ['/.hidden/v1.2', '\\x2ehidden-v1.2.mount'],
    ['/', '-.mount'],
  ])('of %s is %s', (where, name) => {
    expect(mount.mountUnitOf(where)).toBe(name);
  });
});

describe('a mount unit', () => {
  it('starts after the network, is retried after a failure, and does not block the boot', () => {
    const unit = mount.mountUnitFile(IMAGES);
    expect(unit).toContain('After=network-online.target glusterd.service\n');
    expect(unit).toContain('OnFailure=osha-mount-again@%p.service\n');
    expect(unit).toContain('Options=_netdev,backup-volfile-servers=s2:s3\n');
    expect(unit).toContain('WantedBy=remote-fs.target\n');
    expect(unit).not.toContain('RequiredBy');
  });

  it.runIf(runHere('command -v systemd-analyze').exitCode === 0)('is valid for systemd', () => {
    const path = join(folder, mount.mountUnitOf(IMAGES.where));
    writeFileSync(path, mount.mountUnitFile(IMAGES));
    const { stderr } = runHere(`systemd-analyze verify --man=no '${path}'`);
    expect(stderr).not.toMatch(/images\.mount.*(Unknown|Failed to parse|doesn't match|Invalid)/);
  });
});

describe('mounted', () => {
  const active = mount.mounted(IMAGES).at(-1) as Operation;
  const now = 'now=2000\n';
  const up = `ActiveState=active\nUnitFileState=enabled\nActiveEnterTimestamp=Thu 1970-01-01 00:16:40 UTC\n${now}`;
  const down = `ActiveState=inactive\nUnitFileState=enabled\n${now}`;
  const there = 'mounted=fuse.glusterfs s1:/images\nfs-answers=yes\n';
  const decided = (stdout: string): readonly string[] =>
    active.decide(active.probe.parse({ stdout, stderr: '', exitCode: 0 })).map((change) => change.summary);

  it.each([
    ['it is mounted and answers', up + there, []],
    ['it is not mounted', down, ['mount s1:/images at /var/lib/glance/images']],
    [
      'it is new',
      down.replace('=enabled', '=disabled'),
      ['mount /var/lib/glance/images at boot', 'mount s1:/images at /var/lib/glance/images'],
    ],
    ['it was mounted by hand', up.replace('=enabled', '=') + there, ['mount /var/lib/glance/images at boot']],
    [
      'it does not answer',
      `${up}mounted=fuse.glusterfs s1:/images\n`,
      ['mount s1:/images at /var/lib/glance/images again (it does not answer)'],
    ],
    [
      'its unit is newer than the mount',
      `${up}changed=1500 /etc/systemd/system/var-lib-glance-images.mount\n${there}`,
      [
        'mount s1:/images at /var/lib/glance/images again (/etc/systemd/system/var-lib-glance-images.mount is newer)',
      ],
    ],
  ])('where %s', (_what, stdout, expected) => {
    expect(decided(stdout)).toEqual(expected);
  });

  it('never hides files that are in the way', () => {
    expect(() => decided(`${down}hides=yes\n`)).toThrow(ProbeError);
  });

  it('finds mounted file systems and files in the way on this machine', () => {
    const asked = (where: string): string => {
      const operation = mount.mounted({ ...IMAGES, where }).at(-1) as Operation;
      return runHere(operation.probe.script).stdout;
    };
    expect(asked('/proc')).toMatch(/^mounted=proc \S+\nfs-answers=yes$/m);
    writeFileSync(join(folder, 'file'), '');
    expect(asked(folder)).toContain('hides=yes');
    expect(asked('/nowhere/at/all')).not.toContain('hides');
  });
});

describe('access', () => {
  const numbers = { owner: String(statSync(folder).uid), group: String(statSync(folder).gid) };

  it('compares numeric ids, and resolves names', () => {
    const path = join(folder, 'owned');
    expect(
      converge(mount.access(path, { ...numbers, mode: 0o700, create: true })).map(({ summary }) => summary),
    ).toEqual([`create the directory ${path}, ${numbers.owner}:${numbers.group}, mode 0700`]);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(pending(mount.access(path, { ...me, mode: 0o700 }))).toEqual([]);
    const [change] = pending(mount.access(path, { ...me, mode: 0o750 }));
    expect(change?.summary).toMatch(/mode 0750 \(currently \d+:\d+, mode 0700\)$/);
    expect(apply(change!).exitCode).toBe(0);
    expect(statSync(path).mode & 0o777).toBe(0o750);
  });

  it('changes nothing where the host does not know the user yet', () => {
    expect(
      pending(mount.access(folder, { owner: 'osha-nobody', group: 'osha-nobody', mode: 0o700 })),
    ).toEqual([]);
  });

  it('requires the directory to exist, unless it may be created', () => {
    const nowhere = join(folder, 'nowhere');
    expect(() => pending(mount.access(nowhere, { ...me, mode: 0o700 }))).toThrow(ProbeError);
  });
});

describe('the health of mounts', () => {
  const host = aHost('controller1');
  const check = mount.answering([host], () => [IMAGES], 'glusterfs');
  const up = 'ActiveState=active\nnow=2000\n';
  const judged = (part: string): readonly unknown[] => {
    const stdout = `-- mount ${IMAGES.where}\n${up}${part}`;
    const observed = check.probe(host).parse({ stdout, stderr: '', exitCode: 0 });
    return check
      .judge(new Map([[host.name, { reachable: true, observed }]]))
      .map(({ healthy, evidence }) => [healthy, evidence]);
  };

  it.each([
    ['mounted=fuse.glusterfs s1:/images\nfs-answers=yes\n', true, 's1:/images (fuse.glusterfs), answers'],
    ['mounted=fuse.glusterfs s1:/images\n', false, 's1:/images is mounted but does not answer'],
    ['', false, 'not mounted'],
    ['mounted=nfs4 s9:/other\nfs-answers=yes\n', false, 's9:/other is mounted there, not s1:/images'],
  ])('of %j', (part, healthy, evidence) => {
    expect(judged(part)).toEqual([[healthy, evidence]]);
  });

  it('names the host that cannot be reached', () => {
    const answers = new Map<string, Answer<never>>([[host.name, { reachable: false, reason: 'timed out' }]]);
    expect(check.judge(answers)[0]).toMatchObject({ healthy: false, evidence: 'unreachable: timed out' });
  });
});

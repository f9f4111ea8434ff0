import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { observeServer, parseServer } from '../../../../playbooks/glusterfs/cluster/observe.ts';
import { platformOf } from '../../../../src/platform/index.ts';
import { inFolder } from '../../../operations/fake-commands.ts';
import { runHere } from '../../../operations/local.ts';
import { IMAGES } from './observations.ts';

/** What the probe reports with these commands replacing those of the host. */
function asked(commands: Readonly<Record<string, string>>): ReturnType<typeof parseServer> {
  return inFolder(
    { systemctl: '[ "$1" != show ] || echo ActiveState=active', 'systemd-escape': 'exit 0', ...commands },
    (folder, path) => {
      writeFileSync(join(folder, 'glusterd.info'), 'UUID=1d1fadc1-3ab6-45ad-aeb2-d5166d646cb7\n');
      mkdirSync(join(folder, 'brick'));
      const { script } = observeServer(platformOf('debian-12'), [{ ...IMAGES, path: join(folder, 'brick') }]);
      const known = script.replaceAll('/var/lib/glusterd/glusterd.info', join(folder, 'glusterd.info'));
      return parseServer('glusterd', runHere(`${path}\n${known}`));
    },
  );
}

describe('the probe of a server', () => {
  const peerStatus = 'echo "Number of Peers: 0"';
  const answering = (volumes: string): string =>
    `case "$*" in *peer*) ${peerStatus} ;; *) ${volumes} ;; esac`;
  const noAttribute = 'echo "$5: trusted.glusterfs.volume-id: No such attribute" >&2; exit 1';

  it.each([
    ['responds', 'with peers and volumes', answering('echo "Volume Name: images"'), true],
    ['responds', 'without volumes', answering('echo "No volumes present"; exit 2'), true],
    ['does not respond', 'when the query for volumes fails', answering('exit 1'), false],
    ['does not respond', 'when every query fails', 'exit 1', false],
  ])('reports that glusterd %s %s', (_word, _name, gluster, answers) => {
    expect(asked({ gluster, getfattr: noAttribute }).answers).toBe(answers);
  });

  it.each([
    ['an empty directory', noAttribute, { exists: true, used: false }],
    ['a brick', 'echo "trusted.glusterfs.volume-id=0xcafe"', { volumeId: 'cafe' }],
    ['a directory that cannot be read', 'echo "Input/output error" >&2; exit 1', { unreadable: true }],
    ['a host without getfattr', 'echo "not found" >&2; exit 127', { unreadable: true }],
  ])('recognises %s', (_name, getfattr, expected) => {
    expect(asked({ gluster: answering('exit 0'), getfattr }).bricks.get('images')).toMatchObject(expected);
  });
});

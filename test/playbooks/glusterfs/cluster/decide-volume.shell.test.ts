import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decideVolume } from '../../../../playbooks/glusterfs/cluster/decide-volume.ts';
import type { ClusterDecision } from '../../../../src/playbook/operation.ts';
import { inShort } from '../../../operations/clusters.ts';
import { inFolder } from '../../../operations/fake-commands.ts';
import { runHere } from '../../../operations/local.ts';
import {
  ABSENT,
  EMPTY,
  having,
  images,
  IMAGES,
  OCCUPIED,
  OFFLINE,
  ONLINE,
  serversThat,
  silent,
  unreachable,
  type Said,
} from './observations.ts';

function decide(...answers: readonly Said[]): ClusterDecision {
  return decideVolume(serversThat(...answers), IMAGES, { unit: 'glusterd' });
}

const ALL = images('g1 g2 g3');
const online = having(ONLINE, ALL);
const UNMOUNTED = { ...ABSENT, unmounted: '/srv' };
const renewed = (host: string): readonly string[] => [
  `${host}: prepare /srv/images for a new brick of images`,
  `${host}: heal images onto the empty brick of ${host}`,
  `${host}: wait until its brick of images is online`,
];

describe('decideVolume', () => {
  const cases: readonly (readonly [string, readonly Said[], readonly string[]])[] = [
    [
      'a new volume is created with a copy on each server',
      [having(ABSENT), having(EMPTY), having(ABSENT)],
      [
        "g1: create the brick's directory /srv/images + g3: create the brick's directory /srv/images",
        'g1: create the volume images, a copy on each of 3 servers',
        'g1: set network.ping-timeout to 10 for images',
        'g1: start the volume images',
        'g1: wait until its brick of images is online + g2: wait until its brick of images is online + g3: wait until its brick of images is online',
      ],
    ],
    ['nothing changes when the volume is complete', [online, online, online], ['converged']],
    [
      'a stopped volume is started',
      [having(OFFLINE, images('g1', { started: false }))],
      ['g1: start the volume images', 'g1: wait until its brick of images is online'],
    ],
    [
      'stopped bricks are started',
      [online, having(OFFLINE, ALL), online],
      ['g1: start the stopped bricks of images', 'g2: wait until its brick of images is online'],
    ],
    [
      'only a differing option is set',
      [having(ONLINE, images('g1', { options: new Map([['network.ping-timeout', '42']]) }))],
      ['g1: set network.ping-timeout to 10 for images'],
    ],
    [
      'options outside the inventory are left alone',
      [having(ONLINE, images('g1', { options: new Map([...images('g1').options, ['nfs.disable', 'on']]) }))],
      ['converged'],
    ],
    ['an empty brick is healed from the others', [online, having(EMPTY, ALL), online], renewed('g2')],
    [
      'stopped copies are started before an empty one is healed: one may be the newest',
      [online, having(EMPTY, ALL), having(OFFLINE, ALL)],
      ['g1: start the stopped bricks of images', 'g3: wait until its brick of images is online'],
    ],
    [
      'two empty bricks are healed from the last copy',
      [having(ABSENT, ALL), having(EMPTY, ALL), online],
      [...renewed('g1'), ...renewed('g2')],
    ],
    [
      'a new server gets a copy',
      [having(ONLINE, images('g1 g2')), having(ONLINE, images('g1 g2')), having(ABSENT, images('g1 g2'))],
      [
        "g3: create the brick's directory /srv/images",
        'g3: add a copy of images on g3',
        'g3: wait until its brick of images is online',
      ],
    ],
    [
      'a new server gets a copy only once all others run',
      [having(ONLINE, images('g1 g2')), having(OFFLINE, images('g1 g2')), having(ABSENT, images('g1 g2'))],
      ['g1: start the stopped bricks of images', 'g2: wait until its brick of images is online'],
    ],
    ['an unreachable server is left out', [online, unreachable, online], ['converged']],
    [
      'bricks on hosts outside the inventory are left alone',
      [having(ONLINE, images('g1 old'))],
      ['converged'],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });

  const refusals: readonly (readonly [string, readonly Said[], RegExp])[] = [
    [
      'to create the volume while a server is unreachable',
      [having(ABSENT), unreachable],
      /images cannot be created: g2 cannot be reached/,
    ],
    [
      'to create a brick in a directory with files, which would not be replicated',
      [having(ABSENT), having(OCCUPIED)],
      /holds other data on g2, and is not a brick of images/,
    ],
    [
      'to heal onto a directory with other data',
      [online, having(OCCUPIED, ALL), online],
      /holds other data on g2, and is not a brick of images/,
    ],
    [
      'to heal without another copy',
      [having(EMPTY, images('g1'))],
      /missing on g1, and no other copy was found/,
    ],
    [
      'to heal while another copy is unreachable, which may be newer',
      [online, having(EMPTY, ALL), unreachable],
      /on g2 cannot be healed: g3 cannot be reached/,
    ],
    [
      'to heal onto the root file system when the disk is not mounted',
      [online, having(UNMOUNTED, ALL), online],
      /belongs on \/srv, which is not mounted on g2/,
    ],
    [
      'to create a brick when its disk is not mounted',
      [having(UNMOUNTED)],
      /belongs on \/srv, which is not mounted on g1/,
    ],
    [
      'to create the volume while a server does not respond',
      [having(ABSENT), silent],
      /images cannot be created: g2 does not respond/,
    ],
    [
      'to create a brick over an empty one of an unknown volume',
      [having(ABSENT), having({ ...EMPTY, volumeId: 'beef' })],
      /is a brick of another volume on g2: beef/,
    ],
    [
      'to create a brick in an unreadable directory',
      [having(ABSENT), having({ ...EMPTY, unreadable: true })],
      /\/srv\/images cannot be read on g2/,
    ],
    [
      'to create the volume while a brick of that name runs',
      [having({ ...ABSENT, online: true })],
      /a brick of images runs on g\d, but \/srv\/images there is not that brick/,
    ],
    [
      'to heal onto an unreadable brick: it may be complete',
      [online, having({ ...EMPTY, unreadable: true }, ALL), online],
      /\/srv\/images cannot be read on g2/,
    ],
    [
      'to heal onto a directory under a brick that still runs',
      [online, having({ ...ABSENT, online: true }, ALL), online],
      /a brick of images runs on g\d, but \/srv\/images there is not that brick/,
    ],
    [
      'to heal onto the brick of another volume',
      [online, having({ ...EMPTY, volumeId: 'beef' }, ALL), online],
      /is a brick of another volume on g2: beef/,
    ],
    [
      'to heal while another server does not respond',
      [online, having(EMPTY, ALL), () => ({ answers: false, bricks: new Map([['images', ONLINE]]) })],
      /on g2 cannot be healed: g3 does not respond/,
    ],
    [
      'to heal from an arbiter, which stores no file data',
      [
        ...['g1', 'g2'].map(() => having(EMPTY, images('g1 g2 g3', { arbiter: true }))),
        having(ONLINE, images('g1 g2 g3', { arbiter: true })),
      ],
      /has an arbiter; osha changes only the bricks of replicated volumes without one/,
    ],
    [
      'to heal a distributed volume',
      [
        having(EMPTY, images('g1 g2', { type: 'Distribute' })),
        having(ONLINE, images('g1 g2', { type: 'Distribute' })),
      ],
      /is of type Distribute/,
    ],
    [
      'servers that disagree about the bricks of the volume',
      [having(ONLINE, images('g1 g2')), having(ONLINE, images('g1'))],
      /disagree about the volume images/,
    ],
    [
      'to heal on a server that does not know the volume yet',
      [online, having(EMPTY), online],
      /g2 does not know the volume images/,
    ],
    [
      'two volumes with one name',
      [having(ONLINE, images('g1')), having(ONLINE, images('g2', { id: 'beef' }))],
      /disagree about the volume images: cafe: g1:\/srv\/images on g1; beef: g2:\/srv\/images on g2/,
    ],
    [
      'to move a brick',
      [having(ONLINE, images('g1', { bricks: ['g1:/old/images'] }))],
      /has its brick at \/old\/images on g1, not at \/srv\/images/,
    ],
    [
      'to add a copy on a new server while another server is unreachable',
      [having(ONLINE, images('g1 g2')), unreachable, having(ABSENT, images('g1 g2'))],
      /no copy of images can be added on g3: g2 cannot be reached/,
    ],
  ];
  it.each(refusals)('refuses %s', (_name, answers, reason) => {
    const decision = decide(...answers);
    expect(decision).toMatchObject({ verdict: 'refuse', reason: expect.stringMatching(reason) as string });
    expect(decision.evidence?.rows.length).toBeGreaterThanOrEqual(answers.length);
  });
});

describe('the checks before a brick is replaced', () => {
  const scriptOf = (decision: ClusterDecision, summary: RegExp): string =>
    decision.verdict === 'change'
      ? (decision.stages.flat().find(({ change }) => summary.test(change.summary))?.change.script ?? '')
      : '';
  const healed = decide(online, having(EMPTY, ALL), online);
  const fakes = { gluster: 'cat "$ANSWER"', getfattr: 'echo "$1: No such attribute"', systemctl: 'exit 0' };
  const STATUS = (g3: number): string =>
    `<node><hostname>g1</hostname><path>/srv/images</path><status>1</status></node>
<node><hostname>g3</hostname><path>/srv/images</path><status>${g3}</status></node>
<node><hostname>Self-heal Daemon</hostname><path>g1</path><status>1</status></node>`;

  function reset(g3: number, file?: string): string {
    return inFolder(fakes, (folder, path) => {
      writeFileSync(join(folder, 'answer'), STATUS(g3));
      mkdirSync(join(folder, 'brick'));
      if (file !== undefined) writeFileSync(join(folder, 'brick', file), '');
      const script = scriptOf(healed, /heal images/).replaceAll('path=/srv/images', `path=${folder}/brick`);
      const { exitCode, stderr } = runHere(`set -e\nexport ANSWER=${folder}/answer ${path}\n${script}`);
      return `${exitCode} ${stderr.replaceAll(folder, '').trim()}`;
    });
  }

  it.each([
    ['pass when the directory is empty and all other copies are online', reset(1), '0 '],
    [
      'fail when the directory is no longer empty',
      reset(1, 'image'),
      '1 /brick is no longer empty: deploy again',
    ],
    [
      'fail when another copy is offline',
      reset(0),
      '1 the copy g3:/srv/images is no longer online: deploy again',
    ],
  ])('%s', (_name, result, expected) => {
    expect(result).toBe(expected);
  });

  it('declare the effects of each change', () => {
    const effects = (decision: ClusterDecision): readonly unknown[] =>
      decision.verdict === 'change'
        ? decision.stages.flat().map(({ host, change }) => `${host} ${change.effects?.join(' ') ?? '?'}`)
        : [];
    expect(effects(healed)).toEqual(['g2 restarts', 'g2 joins', 'g2 ']);
    expect(effects(decide(having(ABSENT)))).toEqual(['g1 ', 'g1 forms', 'g1 ', 'g1 starts', 'g1 ']);
    expect(effects(decide(online, having(OFFLINE, ALL), online))).toEqual(['g1 starts', 'g2 ']);
  });
});

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
  `${host}: let images heal onto the empty brick of ${host}`,
  `${host}: wait until its brick of images is online`,
];

describe('keeping a volume', () => {
  const cases: readonly (readonly [string, readonly Said[], readonly string[]])[] = [
    [
      'it is made once, with a copy on each server',
      [having(ABSENT), having(EMPTY), having(ABSENT)],
      [
        "g1: create the brick's directory /srv/images + g3: create the brick's directory /srv/images",
        'g1: create the volume images, a copy on each of 3 servers',
        'g1: set network.ping-timeout to 10 for images',
        'g1: start the volume images',
        'g1: wait until its brick of images is online + g2: wait until its brick of images is online + g3: wait until its brick of images is online',
      ],
    ],
    ['nothing is done where it is as it should be', [online, online, online], ['converged']],
    [
      'it is started where it is not',
      [having(OFFLINE, images('g1', { started: false }))],
      ['g1: start the volume images', 'g1: wait until its brick of images is online'],
    ],
    [
      'bricks that do not run are started',
      [online, having(OFFLINE, ALL), online],
      ['g1: start the bricks of images that do not run', 'g2: wait until its brick of images is online'],
    ],
    [
      'an option that differs is set, and no other',
      [having(ONLINE, images('g1', { options: new Map([['network.ping-timeout', '42']]) }))],
      ['g1: set network.ping-timeout to 10 for images'],
    ],
    [
      'options of others are left alone',
      [having(ONLINE, images('g1', { options: new Map([...images('g1').options, ['nfs.disable', 'on']]) }))],
      ['converged'],
    ],
    ['an empty brick is healed from the others', [online, having(EMPTY, ALL), online], renewed('g2')],
    [
      'copies that do not run are started before an empty one is healed: one may be the newest',
      [online, having(EMPTY, ALL), having(OFFLINE, ALL)],
      ['g1: start the bricks of images that do not run', 'g3: wait until its brick of images is online'],
    ],
    [
      'two empty bricks are healed from the last copy',
      [having(ABSENT, ALL), having(EMPTY, ALL), online],
      [...renewed('g1'), ...renewed('g2')],
    ],
    [
      'a new server is given a copy',
      [having(ONLINE, images('g1 g2')), having(ONLINE, images('g1 g2')), having(ABSENT, images('g1 g2'))],
      [
        "g3: create the brick's directory /srv/images",
        'g3: give g3 a copy of images',
        'g3: wait until its brick of images is online',
      ],
    ],
    [
      'a new server is given a copy only once all others run',
      [having(ONLINE, images('g1 g2')), having(OFFLINE, images('g1 g2')), having(ABSENT, images('g1 g2'))],
      ['g1: start the bricks of images that do not run', 'g2: wait until its brick of images is online'],
    ],
    ['one that cannot be reached is left out', [online, unreachable, online], ['converged']],
    [
      'bricks of hosts that the inventory does not name are left alone',
      [having(ONLINE, images('g1 old'))],
      ['converged'],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });

  const refusals: readonly (readonly [string, readonly Said[], RegExp])[] = [
    [
      'to make it while a server is away',
      [having(ABSENT), unreachable],
      /to be created, and g2 cannot be reached/,
    ],
    [
      'to make it where files are, which would not be copied',
      [having(ABSENT), having(OCCUPIED)],
      /no brick of images on g2, and holds other data/,
    ],
    [
      'to heal onto a directory with other data',
      [online, having(OCCUPIED, ALL), online],
      /no brick of images on g2, and holds other data/,
    ],
    [
      'to heal where no copy is left',
      [having(EMPTY, images('g1'))],
      /gone on g1, and there is no other copy/,
    ],
    [
      'to heal while another copy is away, which may be newer',
      [online, having(EMPTY, ALL), unreachable],
      /on g2 is empty, and g3 cannot be reached/,
    ],
    [
      'to write to the root file system where a disk should be mounted',
      [online, having(UNMOUNTED, ALL), online],
      /belongs on \/srv, which is not mounted on g2/,
    ],
    ['the same when it is made', [having(UNMOUNTED)], /belongs on \/srv, which is not mounted on g1/],
    [
      'to make it while a server does not answer',
      [having(ABSENT), silent],
      /to be created, and g2 does not answer/,
    ],
    [
      'to make it over the brick of a volume that no server knows any more, also where no file is in it',
      [having(ABSENT), having({ ...EMPTY, volumeId: 'beef' })],
      /is a brick of another volume on g2: beef/,
    ],
    [
      'to make it where what is there cannot be read',
      [having(ABSENT), having({ ...EMPTY, unreadable: true })],
      /what is in \/srv\/images cannot be read on g2/,
    ],
    [
      'to make it where a brick of that name runs',
      [having({ ...ABSENT, online: true })],
      /a brick of that name runs there/,
    ],
    [
      'to heal onto a brick that cannot be read: it may be whole',
      [online, having({ ...EMPTY, unreadable: true }, ALL), online],
      /what is in \/srv\/images cannot be read on g2/,
    ],
    [
      'to heal onto a directory under a brick that still runs',
      [online, having({ ...ABSENT, online: true }, ALL), online],
      /a brick of that name runs there/,
    ],
    [
      'to heal onto the brick of another volume',
      [online, having({ ...EMPTY, volumeId: 'beef' }, ALL), online],
      /is a brick of another volume on g2: beef/,
    ],
    [
      'to heal while another server does not answer',
      [online, having(EMPTY, ALL), () => ({ answers: false, bricks: new Map([['images', ONLINE]]) })],
      /on g2 is empty, and g3 does not answer/,
    ],
    [
      'to heal from an arbiter, which has no files',
      [
        ...['g1', 'g2'].map(() => having(EMPTY, images('g1 g2 g3', { arbiter: true }))),
        having(ONLINE, images('g1 g2 g3', { arbiter: true })),
      ],
      /is with an arbiter, and osha changes the bricks of replicated volumes only/,
    ],
    [
      'to heal a volume that is spread over its bricks',
      [
        having(EMPTY, images('g1 g2', { type: 'Distribute' })),
        having(ONLINE, images('g1 g2', { type: 'Distribute' })),
      ],
      /of the type Distribute/,
    ],
    [
      'servers that disagree about the bricks of the volume',
      [having(ONLINE, images('g1 g2')), having(ONLINE, images('g1'))],
      /do not know one and the same volume images/,
    ],
    [
      'to heal on a server that has yet to learn of the volume',
      [online, having(EMPTY), online],
      /g2 does not know the volume images/,
    ],
    [
      'two volumes of one name',
      [having(ONLINE, images('g1')), having(ONLINE, images('g2', { id: 'beef' }))],
      /do not know one and the same volume images: cafe: g1:\/srv\/images on g1; beef: g2:\/srv\/images on g2/,
    ],
    [
      'to move a brick',
      [having(ONLINE, images('g1', { bricks: ['g1:/old/images'] }))],
      /has its brick at \/old\/images on g1, not at \/srv\/images/,
    ],
    [
      'to give a copy to a new server while another one is away',
      [having(ONLINE, images('g1 g2')), unreachable, having(ABSENT, images('g1 g2'))],
      /g3 is to be given a copy of images, and g2 cannot be reached/,
    ],
  ];
  it.each(refusals)('refuses %s', (_name, answers, reason) => {
    const decision = decide(...answers);
    expect(decision).toMatchObject({ verdict: 'refuse', reason: expect.stringMatching(reason) as string });
    expect(decision.evidence?.rows.length).toBeGreaterThanOrEqual(answers.length);
  });
});

describe('what is checked on the spot', () => {
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
      const script = scriptOf(healed, /let images heal/).replaceAll(
        'path=/srv/images',
        `path=${folder}/brick`,
      );
      const { exitCode, stderr } = runHere(`set -e\nexport ANSWER=${folder}/answer ${path}\n${script}`);
      return `${exitCode} ${stderr.replaceAll(folder, '').trim()}`;
    });
  }

  it.each([
    ['continues where the directory is empty and all others are online', reset(1), '0 '],
    [
      'stops where something is in the directory by now',
      reset(1, 'image'),
      '1 /brick is not empty by now: run again',
    ],
    [
      'stops where another copy is not online by now',
      reset(0),
      '1 the copy g3:/srv/images is not online by now: run again',
    ],
  ])('%s', (_name, result, expected) => {
    expect(result).toBe(expected);
  });

  it('says of each change what it does to the server', () => {
    const effects = (decision: ClusterDecision): readonly unknown[] =>
      decision.verdict === 'change'
        ? decision.stages.flat().map(({ host, change }) => `${host} ${change.effects?.join(' ') ?? '?'}`)
        : [];
    expect(effects(healed)).toEqual(['g2 restarts', 'g2 joins', 'g2 ']);
    expect(effects(decide(having(ABSENT)))).toEqual(['g1 ', 'g1 forms', 'g1 ', 'g1 starts', 'g1 ']);
    expect(effects(decide(online, having(OFFLINE, ALL), online))).toEqual(['g1 starts', 'g2 ']);
  });
});

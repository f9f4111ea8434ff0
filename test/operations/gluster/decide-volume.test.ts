import { describe, expect, it } from 'vitest';
import { decideVolume } from '../../../src/operations/gluster/decide-volume.ts';
import type { ClusterDecision } from '../../../src/playbook/operation.ts';
import { inShort } from '../clusters.ts';
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
  unreachable,
  type Said,
} from './observations.ts';

function decide(...answers: readonly Said[]): ClusterDecision {
  return decideVolume(serversThat(...answers), IMAGES, { unit: 'glusterd' });
}

const ALL = images('g1 g2 g3');
const online = having(ONLINE, ALL);
const UNMOUNTED = { ...ABSENT, unmounted: '/srv' };
const renewed = (host: string, on: string): readonly string[] => [
  `${host}: prepare /srv/images for a new brick of images`,
  `${on}: let images heal onto the empty brick of ${host}`,
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
    ['an empty brick is healed from the others', [online, having(EMPTY, ALL), online], renewed('g2', 'g1')],
    [
      'two empty bricks are healed from the last copy',
      [having(ABSENT, ALL), having(EMPTY, ALL), online],
      [...renewed('g1', 'g3'), ...renewed('g2', 'g3')],
    ],
    [
      'a new server is given a copy',
      [having(ONLINE, images('g1 g2')), having(ONLINE, images('g1 g2')), having(ABSENT, images('g1 g2'))],
      [
        "g3: create the brick's directory /srv/images",
        'g1: give g3 a copy of images',
        'g3: wait until its brick of images is online',
      ],
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
      'to heal while another copy does not run, which may be newer',
      [online, having(EMPTY, ALL), having(OFFLINE, ALL)],
      /only while all others run/,
    ],
    [
      'to write to the root file system where a disk should be mounted',
      [online, having(UNMOUNTED, ALL), online],
      /belongs on \/srv, which is not mounted on g2/,
    ],
    ['the same when it is made', [having(UNMOUNTED)], /belongs on \/srv, which is not mounted on g1/],
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

import { describe, expect, it } from 'vitest';
import { judgeStorage } from '../../../../playbooks/glusterfs/health.ts';
import { observeServer, parseServer } from '../../../../playbooks/glusterfs/cluster/observe.ts';
import { platformOf } from '../../../../src/platform/index.ts';
import { runHere } from '../../../operations/local.ts';
import {
  images,
  IMAGES,
  OFFLINE,
  ONLINE,
  peers,
  serversThat,
  unreachable,
  uuidOf,
  type Said,
} from './observations.ts';

const ANSWER = `ActiveState=active
SubState=running
UnitFileState=enabled
now=1795246461.2
uuid=1d1fadc1-3ab6-45ad-aeb2-d5166d646cb7
peer=Number of Peers: 2
peer=
peer=Hostname: store2
peer=Uuid: c5ec247d-96b4-446f-90ad-ef4879c79759
peer=State: Peer in Cluster (Connected)
peer=
peer=Hostname: store3
peer=Uuid: a962cae0-1f98-422b-9f2b-f7e9199e9adc
peer=State: Accepted peer request (Disconnected)
answers=yes
volume= 
volume=Volume Name: images
volume=Type: Replicate
volume=Volume ID: 6c85bc73-e93b-4399-a351-2e0cfcd95075
volume=Status: Started
volume=Number of Bricks: 1 x 3 = 3
volume=Bricks:
volume=Brick1: store1:/srv/images
volume=Brick2: store2:/srv/images
volume=Brick3: store3:/srv/images (arbiter)
volume=Options Reconfigured:
volume=auth.allow: 192.0.2.11,192.0.2.12
volume=nfs.disable: on
volume= 
volume=Volume Name: other
volume=Volume ID: 956dae28-a86d-4ad8-9ecb-9cec6e9861d1
volume=Status: Created
volume=Bricks:
volume=Brick1: store1:/srv/other
brick=images yes yes 6c85bc73e93b4399a3512e0cfcd95075 yes 3 
brick=new no no - no 0 /srv/gluster
brick=odd yes no unreadable no 0 
`;

describe('parseServer', () => {
  it('returns the peers, the volumes and the bricks of a server', () => {
    const observed = parseServer('glusterd', { stdout: ANSWER, stderr: '', exitCode: 0 });
    expect(observed).toMatchObject({
      uuid: '1d1fadc1-3ab6-45ad-aeb2-d5166d646cb7',
      answers: true,
      peers: [
        { uuid: 'c5ec247d-96b4-446f-90ad-ef4879c79759', host: 'store2', connected: true, joined: true },
        { uuid: 'a962cae0-1f98-422b-9f2b-f7e9199e9adc', host: 'store3', connected: false, joined: false },
      ],
      volumes: [
        {
          name: 'images',
          id: '6c85bc73e93b4399a3512e0cfcd95075',
          started: true,
          type: 'Replicate',
          arbiter: true,
          bricks: ['store1:/srv/images', 'store2:/srv/images', 'store3:/srv/images'],
          options: new Map([
            ['auth.allow', '192.0.2.11,192.0.2.12'],
            ['nfs.disable', 'on'],
          ]),
        },
        { name: 'other', started: false, bricks: ['store1:/srv/other'], options: new Map() },
      ],
      bricks: new Map([
        [
          'images',
          {
            exists: true,
            used: true,
            volumeId: '6c85bc73e93b4399a3512e0cfcd95075',
            online: true,
            backlog: 3,
          },
        ],
        ['new', { exists: false, used: false, online: false, backlog: 0, unmounted: '/srv/gluster' }],
        ['odd', { exists: true, used: false, unreadable: true, online: false, backlog: 0 }],
      ]),
    });
  });

  it('succeeds on a host without GlusterFS', () => {
    const { script } = observeServer(platformOf('debian-12'), [{ ...IMAGES, path: '/nowhere/images' }]);
    const { stdout, exitCode } = runHere(script);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('brick=images no no - no 0 \n');
    expect(stdout).not.toContain('answers=yes');
  });
});

describe('the health of GlusterFS', () => {
  const server =
    (peerNames: string, brick = ONLINE): Said =>
    (name) => ({
      uuid: uuidOf(name),
      peers: peers(peerNames),
      volumes: [images('g1 g2')],
      bricks: new Map([['images', brick]]),
    });
  const judged = (...answers: readonly Said[]): readonly (readonly [string, boolean, string])[] =>
    judgeStorage(serversThat(...answers), [IMAGES]).map(
      ({ subject, host, healthy, evidence }) =>
        [host === undefined ? subject : `${subject}, ${host}`, healthy, evidence] as const,
    );

  it('is healthy when all servers are connected and every copy is complete', () => {
    expect(judged(server('g2'), server('g1'))).toEqual([
      ['server, g1', true, 'connected to 1 of 1'],
      ['server, g2', true, 'connected to 1 of 1'],
      ['volume images', true, 'started, 2 of 2 copies online'],
      ['brick of images, g1', true, 'online, 0 files to heal'],
      ['brick of images, g2', true, 'online, 0 files to heal'],
    ]);
  });

  const broken: readonly (readonly [string, readonly Said[], string, string])[] = [
    ['a lost server', [server('g2-'), unreachable], 'server, g1', 'not connected to g2'],
    [
      'the copy of a lost server',
      [server('g2-'), unreachable],
      'brick of images, g2',
      'unreachable: no route to host',
    ],
    [
      'a glusterd that runs but does not respond',
      [server('g2'), () => ({ answers: false })],
      'server, g2',
      'glusterd runs, but does not respond',
    ],
    [
      'an unknown volume when no server responds',
      [() => ({ answers: false }), unreachable],
      'volume images',
      'unknown: no server responds',
    ],
    ['a stopped brick', [server('g2', OFFLINE), server('g1')], 'brick of images, g1', 'offline'],
    [
      'pending heals',
      [server('g2', { ...ONLINE, backlog: 7 }), server('g1')],
      'brick of images, g1',
      'online, 7 files to heal',
    ],
    ['a missing volume', [() => ({ peers: peers('g2') }), () => ({})], 'volume images', 'does not exist'],
    [
      'a disconnected peer outside the inventory',
      [server('g2 old-'), server('g1')],
      'server old',
      'not connected, not in the inventory',
    ],
  ];
  it.each(broken)('reports %s', (_name, answers, what, evidence) => {
    expect(judged(...answers)).toContainEqual([what, false, evidence]);
  });
});

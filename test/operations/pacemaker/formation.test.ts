import { describe, expect, it } from 'vitest';
import { decideFormation } from '../../../src/operations/pacemaker/formation.ts';
import type { Transport } from '../../../src/operations/pacemaker/transport.ts';
import type { MemberState } from '../../../src/operations/pacemaker/member-state.ts';
import type { Answer, ClusterDecision } from '../../../src/playbook/operation.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { aHost } from '../../support/inventory.ts';

const members = [aHost('controller1'), aHost('controller2'), aHost('controller3')];
const options = {
  name: 'lab',
  password: new Secret('hacluster', 'not-to-be-seen-anywhere'),
  corosyncConf: '/etc/corosync/corosync.conf',
};

type Sketch = {
  /** Names of the nodes in its corosync.conf. */
  nodes?: readonly string[];
  uuid?: string;
  running?: boolean;
  /** The cluster's name in its corosync.conf. */
  name?: string;
  /** Default: where Corosync does. */
  pacemaker?: boolean;
  /** Corosync runs as this, whatever its file says. */
  runsAs?: string;
  /** Resources in its copy of the configuration. */
  resources?: number;
  transport?: Transport;
  /** Hosts that its pcs may not log in on. */
  locked?: readonly string[];
};

/** A member as it would answer; the token for each host is that host's name, and each accepts its own. */
function state(name: string, sketch: Sketch): MemberState {
  const { nodes, uuid = 'one', running = true, locked = [], name: cluster = 'lab', resources } = sketch;
  const runs = sketch.runsAs ?? (nodes && running ? cluster : undefined);
  const addressOf = (node: string): string =>
    node === 'loopback'
      ? '127.0.0.1'
      : (members.find((host) => host.name === node)?.address ?? '203.0.113.9');
  return {
    ...(nodes
      ? {
          conf: {
            clusterName: cluster,
            clusterUuid: uuid,
            transport: sketch.transport ?? { kind: 'knet' as const },
            nodes: nodes.map((node) => ({ name: node, address: addressOf(node) })),
          },
        }
      : {}),
    ...(runs === undefined ? {} : { runs }),
    pacemaker: sketch.pacemaker ?? runs !== undefined,
    ...(resources === undefined ? {} : { resources }),
    knows: new Map(
      members
        .filter((host) => nodes && !locked.includes(host.name))
        .map((host) => [host.name, { address: host.address, token: host.name }]),
    ),
    accepts: new Set([name]),
  };
}

function decide(...sketches: readonly (Sketch | 'silent')[]): ClusterDecision {
  const answers = new Map(
    members.map((host, index): [string, Answer<MemberState>] => {
      const sketch = sketches[index] ?? {};
      return [
        host.name,
        sketch === 'silent'
          ? { reachable: false, reason: 'no route' }
          : { reachable: true, observed: state(host.name, sketch) },
      ];
    }),
  );
  return decideFormation(members, answers, options);
}

const all = ['controller1', 'controller2', 'controller3'];
const whole: Sketch = { nodes: all };

function inWords(decision: ClusterDecision): readonly string[] {
  if (decision.verdict === 'refuse') return [`refuse: ${decision.reason}`];
  if (decision.verdict === 'converged') return [];
  return decision.stages.map((stage) =>
    stage.map(({ host, change }) => `${host}: ${change.summary}`).join(' + '),
  );
}

describe('forming a Pacemaker cluster', () => {
  it.each<[string, readonly (Sketch | 'silent')[], readonly string[]]>([
    ['leaves a whole cluster as it is', [whole, whole, whole], []],
    [
      'sets one up where no member is in one',
      [{}, {}, {}],
      [
        'controller1: authenticate pcs on controller1, controller2, controller3 + controller1: set up the cluster lab of controller1, controller2, controller3',
      ],
    ],
    [
      'takes the cluster of one that a package brings for none',
      [{ nodes: ['loopback'], running: false }, {}, {}],
      [
        'controller1: authenticate pcs on controller1, controller2, controller3 + controller1: set up the cluster lab of controller1, controller2, controller3',
      ],
    ],
    [
      'sets none up while a member is silent, which may be in one',
      [{}, {}, 'silent'],
      ['refuse: no member that answers is in a cluster, and controller3 may be in one'],
    ],
    ['leaves a cluster as it is of which one member is silent', [whole, whole, 'silent'], []],
    [
      'starts members that are stopped, all at the same time: alone none would have a quorum',
      [
        { nodes: all, running: false },
        { nodes: all, running: false },
        { nodes: all, running: false },
      ],
      [all.map((host) => `${host}: start Corosync and Pacemaker`).join(' + ')],
    ],
    [
      'starts Pacemaker where Corosync runs alone',
      [whole, { ...whole, pacemaker: false }, whole],
      ['controller2: start Corosync and Pacemaker'],
    ],
    [
      'adds a member to the cluster that is there, through one that runs',
      [{ nodes: ['controller1', 'controller2'] }, { nodes: ['controller1', 'controller2'] }, {}],
      ['controller1: add controller3 to the cluster'],
    ],
    [
      'authenticates first where pcs may not log in',
      [{ nodes: all, locked: ['controller2'] }, whole, whole],
      ['controller1: authenticate pcs on controller1, controller2, controller3'],
    ],
    [
      'refuses members of two clusters of one name',
      [whole, whole, { nodes: ['controller3'], uuid: 'two' }],
      ['refuse: members are in different clusters of the same name'],
    ],
    [
      'refuses a member of another cluster, which would otherwise be taken for that of all',
      [{}, {}, { nodes: ['somebody', 'controller3'], name: 'other' }],
      ['refuse: controller3 is in the cluster "other", and not in "lab"'],
    ],
    [
      'refuses to set one up where one lives without its file',
      [{}, { runsAs: 'lab' }, {}],
      ['refuse: controller2 runs the cluster "lab", but has no corosync.conf of it'],
    ],
    [
      'refuses to set one up over what one had configured',
      [{}, {}, { nodes: ['loopback'], running: false, resources: 2 }],
      ['refuse: controller3 holds 2 resources of a cluster, and no corosync.conf that tells which'],
    ],
    [
      'brings back a member that lost its file, whatever it remembers of the configuration',
      [whole, whole, { resources: 2 }],
      [
        'controller1: take controller3 out of the cluster, to be added anew',
        'controller1: add controller3 to the cluster',
      ],
    ],
    [
      'refuses a member that was removed while it was down',
      [
        { nodes: ['controller1', 'controller2'] },
        { nodes: ['controller1', 'controller2'] },
        { nodes: all, running: false },
      ],
      ['refuse: controller3 has the corosync.conf of a cluster in which controller1 does not list it'],
    ],
    [
      'finishes a setup that reached one member only',
      [{ nodes: all, running: false }, {}, {}],
      [
        'controller1: start Corosync and Pacemaker',
        'controller1: take controller2, controller3 out of the cluster, to be added anew',
        'controller1: add controller2 to the cluster',
        'controller1: add controller3 to the cluster',
      ],
    ],
    [
      'leaves members alone that the inventory does not name',
      [
        { nodes: [...all, 'controller4'] },
        { nodes: [...all, 'controller4'] },
        { nodes: [...all, 'controller4'] },
      ],
      [],
    ],
  ])('%s', (_, sketches, expected) => {
    expect(inWords(decide(...sketches))).toEqual(expected);
  });

  it('gives the password on stdin, and nowhere else', () => {
    const decision = decide({}, {}, {});
    expect(JSON.stringify(decision)).not.toContain(options.password.reveal());
    const changes = decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change) : [];
    expect(changes.every((change) => !change.script.includes(options.password.reveal()))).toBe(true);
    expect(changes[0]?.input?.toString()).toBe('<secret hacluster>\n');
  });

  const multicast: Transport = { kind: 'udp', multicast: '239.255.1.1', port: 5410 };

  it.each<[string, Transport | undefined, string]>([
    ['knet, which pcs takes by itself', undefined, 'controller3 addr=192.0.2.13 --start'],
    ['udpu', { kind: 'udpu' }, 'controller3 addr=192.0.2.13 transport udpu --start'],
    [
      'udp',
      multicast,
      'controller3 addr=192.0.2.13 transport udp link mcastaddr=239.255.1.1 mcastport=5410 --start',
    ],
  ])('sets one up that speaks %s', (_, transport, expected) => {
    const answers = new Map(
      members.map((host) => [host.name, { reachable: true as const, observed: state(host.name, {}) }]),
    );
    const decision = decideFormation(members, answers, { ...options, ...(transport ? { transport } : {}) });
    const scripts =
      decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change.script) : [];
    expect(scripts.join()).toContain(expected);
  });

  it.each<[string, Transport | undefined, Transport, string | undefined]>([
    ['the wanted one', { kind: 'knet' }, { kind: 'knet' }, undefined],
    ['any, where the inventory leaves it open', undefined, { kind: 'udpu' }, undefined],
    [
      'another one',
      { kind: 'udpu' },
      { kind: 'knet' },
      'the cluster of controller1 speaks knet, and not udpu',
    ],
    [
      'another multicast address',
      multicast,
      { ...multicast, multicast: '239.255.1.2' },
      'the cluster of controller1 speaks udp with multicast 239.255.1.2:5410, and not udp with multicast 239.255.1.1:5410',
    ],
  ])('never rebuilds a living one for its transport: it speaks %s', (_, wanted, transport, refusal) => {
    const answers = new Map(
      members.map((host) => [
        host.name,
        { reachable: true as const, observed: state(host.name, { ...whole, transport }) },
      ]),
    );
    const decision = decideFormation(members, answers, {
      ...options,
      ...(wanted ? { transport: wanted } : {}),
    });
    expect(decision.verdict === 'refuse' ? decision.reason : undefined).toBe(refusal);
  });
});

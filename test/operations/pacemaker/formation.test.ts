import { describe, expect, it } from 'vitest';
import { decideFormation } from '../../../src/operations/pacemaker/formation.ts';
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
  /** Hosts that its pcs may not log in on. */
  locked?: readonly string[];
};

/** A member as it would answer; the token for each host is that host's name, and each accepts its own. */
function state(name: string, { nodes, uuid = 'one', running = true, locked = [] }: Sketch): MemberState {
  const addressOf = (node: string): string =>
    node === 'loopback'
      ? '127.0.0.1'
      : (members.find((host) => host.name === node)?.address ?? '203.0.113.9');
  return {
    ...(nodes
      ? {
          conf: {
            clusterName: 'lab',
            clusterUuid: uuid,
            nodes: nodes.map((node) => ({ name: node, address: addressOf(node) })),
          },
        }
      : {}),
    ...(nodes && running ? { runs: 'lab' } : {}),
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
      'refuses members of two clusters',
      [whole, whole, { nodes: ['controller3'], uuid: 'two' }],
      ['refuse: members are in different clusters already'],
    ],
    [
      'refuses a cluster of strangers',
      [{ nodes: ['somebody'] }, {}, {}],
      ["refuse: controller1 is in a cluster that none of the inventory's hosts is in"],
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

  it('takes a member out first that the cluster lists and that lost what it knew', () => {
    const decision = decide(whole, whole, {});
    expect(inWords(decision)).toEqual(['controller1: add controller3 to the cluster']);
    const script = decision.verdict === 'change' ? (decision.stages[0]?.[0]?.change.script ?? '') : '';
    expect(script.split('\n').map((line) => line.split(' ').slice(0, 4).join(' '))).toEqual([
      'pcs cluster node remove',
      'pcs cluster node add',
    ]);
  });

  it('gives the password on stdin, and nowhere else', () => {
    const decision = decide({}, {}, {});
    expect(JSON.stringify(decision)).not.toContain(options.password.reveal());
    const changes = decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change) : [];
    expect(changes.every((change) => !change.script.includes(options.password.reveal()))).toBe(true);
    expect(changes[0]?.input?.toString()).toBe('<secret hacluster>\n');
  });
});

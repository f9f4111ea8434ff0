import type { MemberState } from '../../../../playbooks/pacemaker/cluster/member-state.ts';
import type { Answers, Answer, ClusterDecision } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';
import type { Transport } from '../../../../playbooks/pacemaker/cluster/corosync-conf.ts';
import type { Wanted } from '../../../../playbooks/pacemaker/cluster/recognition.ts';

export const members = [aHost('controller1'), aHost('controller2'), aHost('controller3')];
export const all = members.map(({ name }) => name);
export const lab: Wanted = { name: 'lab' };

export type Sketch = {
  /** Names of the nodes in its corosync.conf; `loopback` for one on loopback. */
  nodes?: readonly string[];
  uuid?: string | undefined;
  running?: boolean;
  /** The cluster's name in its corosync.conf. */
  name?: string;
  /** Default: where Corosync does. */
  pacemaker?: boolean;
  /** Corosync runs as this, whatever its file says. */
  runsAs?: string;
  /** Nodes that its Corosync sees joined. */
  joined?: number;
  /** Resources in its copy of the configuration. */
  resources?: number;
  cibName?: string;
  cibNodes?: number;
  transport?: Transport;
  /** Hosts that its pcs may not log in on. */
  locked?: readonly string[];
};

/** One whose corosync.conf lists all members. */
export const whole: Sketch = { nodes: all };
export const stopped: Sketch = { nodes: all, running: false };
/** What the package of Corosync comes with, on a host that was only just installed. */
export const shipped: Sketch = { nodes: ['loopback'], name: 'debian', uuid: undefined, running: false };

/** A member as it would answer; the token for each host is that host's name, and each accepts its own. */
export function state(name: string, sketch: Sketch): MemberState {
  const { nodes, running = true, locked = [], name: cluster = 'lab' } = sketch;
  const { joined, resources, cibName, cibNodes } = sketch;
  const uuid = 'uuid' in sketch ? sketch.uuid : 'one';
  const runs = sketch.runsAs ?? (nodes && running ? cluster : undefined);
  const addressOf = (node: string): string =>
    node === 'loopback'
      ? '127.0.0.1'
      : (members.find((host) => host.name === node)?.address ?? '203.0.113.9');
  return {
    conf: nodes && {
      clusterName: cluster,
      ...(uuid === undefined ? {} : { clusterUuid: uuid }),
      transport: sketch.transport ?? { kind: 'knet' },
      nodes: nodes.map((node) => ({ name: node, address: addressOf(node) })),
    },
    runs,
    joined,
    pacemaker: sketch.pacemaker ?? runs !== undefined,
    resources,
    cibName,
    cibNodes,
    knows: new Map(
      members
        .filter((host) => nodes && !locked.includes(host.name))
        .map((host) => [host.name, { address: host.address, token: host.name }]),
    ),
    accepts: new Set([name]),
  };
}

export function answersOf(sketches: readonly (Sketch | 'silent')[]): Answers<MemberState> {
  return new Map(
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
}

/** A refusal with its reason, or each stage in one line. */
export function inWords(decision: ClusterDecision): readonly string[] {
  if (decision.verdict === 'refuse') return [`refuse: ${decision.reason}`];
  if (decision.verdict === 'converged') return [];
  return decision.stages.map((stage) =>
    stage.map(({ host, change }) => `${host}: ${change.summary}`).join(' + '),
  );
}

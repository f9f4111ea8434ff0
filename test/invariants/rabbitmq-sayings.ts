import type { NodeObservation, NodeStatus } from '../../src/operations/rabbitmq/observe.ts';
import type { Answer } from '../../src/playbook/operation.ts';
import { BARE, NAMES, namesIn, NODES, units } from './rabbitmq-nodes.ts';

/** All answers of a node, built once per node: every kind of state, view, data and silence. */
export const SAYINGS: readonly (readonly Answer<NodeObservation>[])[] = NODES.map((node) => sayingsOf(node));

function sayingsOf(node: number): readonly Answer<NodeObservation>[] {
  const self = 1 << node;
  const next = 1 << ((node + 1) % 3);
  const views = [self, self | next, 0b111];
  const observed = (said: Partial<NodeObservation>): Answer<NodeObservation> => ({
    reachable: true,
    observed: { installed: true, unit: units.inactive[0], alive: false, data: false, ...said },
  });
  const up = (view: number, status: Partial<NodeStatus> = {}, more: Partial<NodeObservation> = {}) =>
    observed({
      unit: units.active[0],
      alive: true,
      data: true,
      remembers: namesIn(view),
      keeps: 0,
      node: {
        ...BARE,
        members: namesIn(view),
        disc: namesIn(view),
        runningMembers: namesIn(view),
        ...status,
      },
      ...more,
    });
  const quiet = (kind: 'refused' | 'unreachable' | 'slow', more: Partial<NodeObservation>) =>
    observed({ alive: true, silence: { kind, said: kind }, ...more });
  const rest = (view: number, more: Partial<NodeObservation> = {}) =>
    observed({ data: true, remembers: namesIn(view), keeps: 0, ...more });
  const starting = { ...units.active[0], active: 'activating' };
  const stopping = { ...units.active[0], active: 'deactivating' };
  return [
    { reachable: false, reason: 'no route to host' },
    observed({}),
    observed({ installed: false }),
    observed({ data: true, keeps: 2 }),
    ...views.flatMap((view) => [
      up(view),
      up(view),
      up(view, { queues: 3 }),
      up(view, { queues: undefined }),
      up(view, { connections: 1 }),
      up(view, { vhosts: ['/', '/x'] }),
      up(view, { users: new Map([['nova', []]]) }),
      up(view, { runningMembers: namesIn(self) }),
      up(view, { disc: namesIn(view & ~self) }),
      up(view, {}, { unit: units.active[1] }),
      up(view, {}, { unit: units.inactive[1] }),
      up(view, { running: false, queues: undefined }),
      up(view, { running: false, paused: true, queues: undefined }),
      up(view, { running: false }, { unit: starting }),
      up(view, { partitions: [NAMES[(node + 1) % 3] ?? ''] }),
      quiet('refused', { unit: units.active[1], data: true, remembers: namesIn(view) }),
      quiet('slow', { unit: units.active[0], data: true, remembers: namesIn(view) }),
      quiet('unreachable', { data: true, remembers: namesIn(view) }),
      rest(view),
      rest(view, { definitions: 'a' }),
      rest(view, { definitions: 'b' }),
      up(view, { running: false }, { unit: starting, definitions: 'a' }),
      rest(view, { keeps: 4, unit: units.failed[0] }),
      rest(view, { unit: starting, alive: true }),
      rest(view, { unit: stopping, alive: true }),
    ]),
  ];
}

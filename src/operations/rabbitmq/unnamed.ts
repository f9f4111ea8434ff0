import type { Host } from '../../inventory/types.ts';
import type { Change, Operation } from '../../playbook/operation.ts';
import { quote } from '../shell.ts';
import { forgetScript, inWords, isSame, type Made } from './made.ts';
import {
  held,
  inVhost,
  observeHeld,
  type AskOptions,
  type NodeObservation,
  type NodeStatus,
} from './observe.ts';

/** The resource of all objects to prune: no object that osha creates in the same run is among them. */
const LEFT_OVER = 'left over';

/** The objects of a broker that an inventory lists. */
export interface Named {
  readonly vhosts: readonly string[];
  /** By name, the virtual hosts that each may use. */
  readonly users: ReadonlyMap<string, readonly string[]>;
  readonly policies: readonly { readonly vhost: string; readonly name: string }[];
}

/**
 * Removes, with `--prune`, what osha created and the inventory no longer lists: policies, permissions, users, then
 * virtual hosts without messages. Probed on the node of `host`.
 */
export function unnamedAbsent(host: Host, named: Named, options: AskOptions): Operation<NodeObservation> {
  return {
    scope: 'host',
    runsOnce: true,
    title: 'nothing that the inventory no longer lists',
    probe: observeHeld(LEFT_OVER, options.platform, host, options.credentials),
    decide: ({ node }) => (node ? leftOver(node, named).map((made) => prune(made, node)) : []),
  };
}

/** What osha created, the inventory no longer lists, and still exists; in the order of removal. */
export function leftOver(node: NodeStatus, named: Named): readonly Made[] {
  const order: readonly Made['kind'][] = ['policy', 'permission', 'user', 'vhost'];
  const gone = node.made.filter((made) => isThere(made, node) && !isNamed(made, named));
  return order.flatMap((kind) =>
    gone.filter((made) => made.kind === kind).filter((made) => !goesAlong(made, gone)),
  );
}

/** What exists, but is not listed and was not created by osha. It is only reported. */
export function foreign(node: NodeStatus, named: Named): readonly Made[] {
  const there: readonly Made[] = [
    ...node.vhosts.map((name) => ({ kind: 'vhost', name }) as const),
    ...[...node.users.keys()].map((name) => ({ kind: 'user', name }) as const),
    ...[...node.policies.keys()].map((key) => {
      const [vhost = '', name = ''] = key.split('\t');
      return { kind: 'policy', vhost, name } as const;
    }),
  ];
  return there.filter((one) => !isNamed(one, named) && !node.made.some((made) => isSame(made, one)));
}

function isThere(made: Made, node: NodeStatus): boolean {
  switch (made.kind) {
    case 'vhost':
      return node.vhosts.includes(made.name);
    case 'user':
      return node.users.has(made.name);
    case 'permission':
      return node.permissions.has(inVhost(made.vhost, made.name));
    case 'policy':
      return node.policies.has(inVhost(made.vhost, made.name));
  }
}

function isNamed(made: Made, named: Named): boolean {
  switch (made.kind) {
    case 'vhost':
      return named.vhosts.includes(made.name);
    case 'user':
      return named.users.has(made.name);
    case 'permission':
      return named.users.get(made.name)?.includes(made.vhost) ?? false;
    case 'policy':
      return named.policies.some(({ vhost, name }) => vhost === made.vhost && name === made.name);
  }
}

/**
 * Deleting a user or a virtual host also deletes its permissions; deleting a virtual host also deletes its policies.
 */
function goesAlong(made: Made, gone: readonly Made[]): boolean {
  if (!('vhost' in made)) return false;
  const user = { kind: 'user', name: made.name } as const;
  const vhost = { kind: 'vhost', name: made.vhost } as const;
  return gone.some((other) => isSame(other, vhost) || (made.kind === 'permission' && isSame(other, user)));
}

function prune(made: Made, node: NodeStatus): Change {
  const along = node.made.filter((other) => isSame(other, made) || goesAlong(other, [made]));
  return {
    summary: made.kind === 'permission' ? `clear ${inWords(made)}` : `delete ${inWords(made)}`,
    script: `${deletion(made)}\n${forgetScript(along)}`,
    touches: [held(LEFT_OVER), held(inWords(made))],
    prunes: true,
  };
}

function deletion(made: Made): string {
  const name = quote(made.name);
  switch (made.kind) {
    case 'vhost':
      return `offline=$(rabbitmqctl -q list_queues -p ${name} --offline --no-table-headers name)
if [ -n "$offline" ]; then
  echo "it has queues on stopped nodes, whose messages cannot be counted: start these nodes first" >&2
  exit 1
fi
messages=$(rabbitmqctl -q list_queues -p ${name} --no-table-headers messages)
messages=$(printf '%s\\n' "$messages" | awk '{ sum += $1 } END { print sum + 0 }')
if [ "$messages" -gt 0 ]; then
  echo "there are $messages messages in it: consume or purge them first" >&2
  exit 1
fi
rabbitmqctl -q delete_vhost ${name}`;
    case 'user':
      return `rabbitmqctl -q delete_user ${name}`;
    case 'permission':
      return `rabbitmqctl -q clear_permissions -p ${quote(made.vhost)} ${name}`;
    case 'policy':
      return `rabbitmqctl -q clear_policy -p ${quote(made.vhost)} ${name}`;
  }
}

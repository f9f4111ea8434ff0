import { attribute, childAt, childrenNamed, descendants, parseXml, type XmlElement } from './xml.ts';

/** What Pacemaker says runs where. */
export interface Monitor {
  /**
   * Every member that the cluster lists, and how it is: `online`, `standby`, `standby on failure`, `maintenance`,
   * `pending`, `offline`, `unclean`.
   */
  readonly members: ReadonlyMap<string, string>;
  /** Members that are online and do work. */
  readonly online: ReadonlySet<string>;
  readonly hasCoordinator: boolean;
  readonly quorate: boolean;
  readonly fencing: boolean;
  /** The whole cluster is in maintenance: it starts, stops and moves nothing. */
  readonly maintenance: boolean;
  /** It is told to stop all resources. */
  readonly stopsAll: boolean;
  /** The hosts that each resource is started on; all its hosts for a clone. */
  readonly runsOn: ReadonlyMap<string, ReadonlySet<string>>;
  /** Ids of the members of each group, in their order. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** The agent of each resource: `systemd:haproxy`, `stonith:fence_ipmilan`. */
  readonly agents: ReadonlyMap<string, string>;
  /** Resources that failed and are not running somewhere they should: what failed, and where. */
  readonly failed: ReadonlyMap<string, string>;
  /** Resources that it neither starts nor stops, although the member that they are on is not in maintenance. */
  readonly unmanaged: ReadonlySet<string>;
}

/** `haproxy_start_0` is of `haproxy`. The task is the cluster's word, and in a damaged answer anything. */
function resourceOf(operation: string, task: string): string {
  const [, head = '', tail = ''] = /^(.*?)(_\d+)$/s.exec(operation) ?? [];
  return tail !== '' && head.endsWith(`_${task}`) ? head.slice(0, -task.length - 1) : operation;
}

/** Reads what `crm_mon --output-as=xml` prints. Throws an `Error` where it is not that. */
export function parseMonitor(xml: string): Monitor {
  const root = parseXml(xml);
  const coordinator = childAt(root, 'summary', 'current_dc');
  const options = childAt(root, 'summary', 'cluster_options');
  const runsOn = new Map<string, Set<string>>();
  const stopped = new Set<string>();
  const agents = new Map<string, string>();
  const members = new Map(
    childrenNamed(childAt(root, 'nodes'), 'node').map((node) => [attribute(node, 'name'), conditionOf(node)]),
  );
  const unmanaged = new Set<string>();
  for (const resource of descendants(childAt(root, 'resources'), ['resource'])) {
    const id = attribute(resource, 'id');
    if (isUnmanaged(resource, members)) unmanaged.add(id);
    const hosts = runsOn.get(id) ?? new Set();
    agents.set(id, attribute(resource, 'resource_agent'));
    const healthy =
      ['Started', 'Promoted', 'Unpromoted'].includes(attribute(resource, 'role')) &&
      attribute(resource, 'failed') !== 'true';
    if (healthy) for (const node of childrenNamed(resource, 'node')) hosts.add(attribute(node, 'name'));
    else stopped.add(id);
    runsOn.set(id, hosts);
  }
  const failed = new Map<string, string>();
  for (const failure of childrenNamed(childAt(root, 'failures'), 'failure')) {
    const task = attribute(failure, 'task');
    const id = resourceOf(attribute(failure, 'op_key'), task);
    if (!stopped.has(id)) continue;
    const why = attribute(failure, 'exitreason') || attribute(failure, 'exitstatus');
    failed.set(id, `${task} failed on ${attribute(failure, 'node')} (${why})`);
  }
  const is = (value: string): boolean => value === 'true';
  return {
    members,
    online: new Set([...members].flatMap(([name, condition]) => (condition === 'online' ? [name] : []))),
    hasCoordinator: coordinator !== undefined && is(attribute(coordinator, 'present')),
    quorate: coordinator !== undefined && is(attribute(coordinator, 'with_quorum')),
    fencing: options !== undefined && is(attribute(options, 'stonith-enabled')),
    maintenance: options !== undefined && is(attribute(options, 'maintenance-mode')),
    stopsAll: options !== undefined && is(attribute(options, 'stop-all-resources')),
    unmanaged,
    runsOn,
    groups: new Map(
      descendants(childAt(root, 'resources'), ['group']).map((group) => [
        attribute(group, 'id'),
        childrenNamed(group, 'resource').map((member) => attribute(member, 'id')),
      ]),
    ),
    agents,
    failed,
  };
}

function conditionOf(node: XmlElement): string {
  const is = (name: string): boolean => attribute(node, name) === 'true';
  if (is('unclean')) return 'unclean';
  if (!is('online')) return 'offline';
  // It is in the cluster, and the coordinator has not let it in yet.
  if (is('pending')) return 'pending';
  if (is('standby')) return 'standby';
  if (is('standby_onfail')) return 'standby on failure';
  return is('maintenance') ? 'maintenance' : 'online';
}

/** A stop that failed blocks a resource, and Pacemaker counts it as unmanaged then: that is a failure, and no hold. */
function isUnmanaged(resource: XmlElement, members: ReadonlyMap<string, string>): boolean {
  if (attribute(resource, 'managed') !== 'false' || attribute(resource, 'blocked') === 'true') return false;
  const on = childrenNamed(resource, 'node').map((node) => members.get(attribute(node, 'name')));
  return on.length === 0 || on.some((condition) => condition !== 'maintenance');
}

import { heldBy, type Probe, ProbeError, type ResourceKey, within } from 'osha';
import { attribute, childAt, childrenNamed, descendants, parseXml, type XmlElement } from './xml.ts';
import type { DesiredConstraint } from './desired.ts';

export interface ResourceState {
  readonly cib: Cib;
  readonly monitor: Monitor;
}

/** The resource key for which members run. */
export const RUNNING: ResourceKey = 'cluster:pacemaker/running';

const SEPARATOR = '-- status';

/** Shell commands that print the configuration (CIB) and the status of the cluster. */
export const RESOURCE_SCRIPT = `timeout ${within('cibadmin')} cibadmin --query 2>/dev/null
echo '${SEPARATOR}'
timeout ${within('crmMon')} crm_mon --one-shot --output-as=xml 2>/dev/null`;

/** The probe of configuration and status, as one member reports them. */
export const resourceProbe: Probe<ResourceState> = {
  script: `${RESOURCE_SCRIPT}\nexit 0`,
  reads: ['cluster:pacemaker/members', RUNNING, 'cluster:resources', 'unit:pacemaker'],
  parse: ({ stdout }) => parseResourceState(stdout),
  // Starting a stopped member does not change the configuration.
  foresee: heldBy('pacemaker', () => true, RUNNING),
};

/** Parses the output of these commands. Throws a `ProbeError` when one of them failed. */
export function parseResourceState(stdout: string): ResourceState {
  const [cib = '', monitor = ''] = stdout.split(`${SEPARATOR}\n`);
  if (!cib.includes('<cib')) {
    throw new ProbeError('Pacemaker is not running here, or does not respond (systemctl status pacemaker)');
  }
  try {
    return { cib: parseCib(cib), monitor: parseMonitor(monitor) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProbeError(`Pacemaker runs here, but its output cannot be parsed: ${why}`);
  }
}

/** The status of the cluster: members, and where resources run. */
export interface Monitor {
  /**
   * The condition of each listed member: `online`, `standby`, `standby on failure`, `maintenance`, `pending`, `offline`,
   * `unclean`.
   */
  readonly members: ReadonlyMap<string, string>;
  /** Members that are online and can run resources. */
  readonly online: ReadonlySet<string>;
  /** Members that the cluster keeps in standby, online or not. */
  readonly standby: ReadonlySet<string>;
  readonly hasCoordinator: boolean;
  readonly quorate: boolean;
  readonly fencing: boolean;
  /** The whole cluster is in maintenance mode: it starts, stops and moves nothing. */
  readonly maintenance: boolean;
  /** The cluster is set to stop all resources. */
  readonly stopsAll: boolean;
  /** The hosts on which each resource runs; for a clone, all of them. */
  readonly runsOn: ReadonlyMap<string, ReadonlySet<string>>;
  /** IDs of the resources of each group, in order. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** The agent of each resource: `systemd:haproxy`, `stonith:fence_ipmilan`. */
  readonly agents: ReadonlyMap<string, string>;
  /** Failed resources that are not running where they should: what failed, and where. */
  readonly failed: ReadonlyMap<string, string>;
  /** Unmanaged resources, except those on members in maintenance mode. */
  readonly unmanaged: ReadonlySet<string>;
}

/** The resource of an operation key: `haproxy` for `haproxy_start_0`. In a damaged answer, `task` can be anything. */
function resourceOf(operation: string, task: string): string {
  const [, head = '', tail = ''] = /^(.*?)(_\d+)$/s.exec(operation) ?? [];
  return tail !== '' && head.endsWith(`_${task}`) ? head.slice(0, -task.length - 1) : operation;
}

/** Parses the output of `crm_mon --output-as=xml`. Throws an `Error` for anything else. */
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
    standby: new Set(
      childrenNamed(childAt(root, 'nodes'), 'node').flatMap((node) =>
        is(attribute(node, 'standby')) ? [attribute(node, 'name')] : [],
      ),
    ),
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
  // Joined in Corosync, but not accepted by the coordinator yet.
  if (is('pending')) return 'pending';
  if (is('standby')) return 'standby';
  if (is('standby_onfail')) return 'standby on failure';
  return is('maintenance') ? 'maintenance' : 'online';
}

/** A blocked resource also counts as unmanaged in Pacemaker, but is the result of a failed stop and no hold. */
function isUnmanaged(resource: XmlElement, members: ReadonlyMap<string, string>): boolean {
  if (attribute(resource, 'managed') !== 'false' || attribute(resource, 'blocked') === 'true') return false;
  const on = childrenNamed(resource, 'node').map((node) => members.get(attribute(node, 'name')));
  return on.length === 0 || on.some((condition) => condition !== 'maintenance');
}

/** Resources that run on a host, instances of clones included. Fence devices are used from elsewhere. */
export function runningOn(host: string, monitor: Monitor): readonly string[] {
  return [...monitor.runsOn].flatMap(([id, hosts]) =>
    hosts.has(host) && !monitor.agents.get(id)?.startsWith('stonith:') ? [id] : [],
  );
}

/** Those of `runningOn` that run on no other host, and so have to move. */
export function soleOn(host: string, monitor: Monitor): readonly string[] {
  return runningOn(host, monitor).filter((id) => monitor.runsOn.get(id)?.size === 1);
}

/**
 * The cluster property that records the IDs of what osha created. Pacemaker ignores unknown properties, and other places
 * do not work for everything: a constraint has no attributes of its own.
 */
export const RECORD = 'osha-made';

/** A resource in the cluster configuration. */
export interface CibResource {
  readonly id: string;
  /** In the notation of pcs: `ocf:heartbeat:IPaddr2`, `systemd:haproxy`. */
  readonly agent: string;
  readonly options: ReadonlyMap<string, string>;
  /** Interval of its monitor operation, such as `10s`. */
  readonly monitor?: string;
  /** Time limits of its operations by name, such as `20s`. */
  readonly timeouts: ReadonlyMap<string, string>;
  readonly cloned: boolean;
  /** The group that contains it. */
  readonly group?: string;
  /** Kept stopped, as by `pcs resource disable`. */
  readonly disabled: boolean;
  /** Has the meta attribute `maintenance`, itself or through its clone or group. */
  readonly inMaintenance: boolean;
}

interface CibGroup {
  readonly id: string;
  /** IDs of its resources, in order. */
  readonly resources: readonly string[];
  readonly disabled: boolean;
}

/** A constraint between two resources, or between a resource and a host. */
export interface CibConstraint extends DesiredConstraint {
  readonly id: string;
}

/** The parts of the cluster configuration (CIB) that osha reads. */
export interface Cib {
  readonly properties: ReadonlyMap<string, string>;
  readonly defaults: ReadonlyMap<string, string>;
  /** Includes fence devices, whose agent is `stonith:...`. */
  readonly resources: readonly CibResource[];
  readonly groups: readonly CibGroup[];
  readonly constraints: readonly CibConstraint[];
  /** IDs recorded as created by osha. */
  readonly made: ReadonlySet<string>;
}

/** Parses the output of `cibadmin --query`. Throws an `Error` for anything else. */
export function parseCib(xml: string): Cib {
  const configuration = childAt(parseXml(xml), 'configuration');
  if (!configuration) throw new Error('it has no configuration');
  const properties = pairs(childAt(configuration, 'crm_config', 'cluster_property_set'));
  return {
    properties,
    defaults: pairs(childAt(configuration, 'rsc_defaults', 'meta_attributes')),
    resources: resourcesOf(childAt(configuration, 'resources')),
    groups: descendants(childAt(configuration, 'resources'), ['group']).map((group) => ({
      id: attribute(group, 'id'),
      resources: childrenNamed(group, 'primitive').map((resource) => attribute(resource, 'id')),
      disabled: isDisabled(group),
    })),
    constraints: constraintsOf(childAt(configuration, 'constraints')),
    made: madeOf(properties.get(RECORD)),
  };
}

/** The IDs in the record (`RECORD`). */
export function madeOf(record: string | undefined): ReadonlySet<string> {
  return new Set((record ?? '').split(' ').filter((id) => id !== ''));
}

/** The constraints below the element `constraints`. */
export function constraintsOf(constraints: XmlElement | undefined): readonly CibConstraint[] {
  const all = (
    name: string,
    kind: CibConstraint['kind'],
    [resource, other, strength]: readonly [string, string, string],
  ): readonly CibConstraint[] =>
    childrenNamed(constraints, name).map((element) => ({
      id: attribute(element, 'id'),
      kind,
      resource: attribute(element, resource),
      other: attribute(element, other),
      strength: attribute(element, strength),
    }));
  return [
    ...all('rsc_order', 'order', ['first', 'then', 'kind']),
    ...all('rsc_colocation', 'colocation', ['rsc', 'with-rsc', 'score']),
    ...all('rsc_location', 'location', ['rsc', 'node', 'score']),
  ];
}

function resourcesOf(resources: XmlElement | undefined): readonly CibResource[] {
  const clones = new Map(
    descendants(resources, ['clone']).flatMap((clone) =>
      childrenNamed(clone, 'primitive').map((primitive) => [attribute(primitive, 'id'), clone] as const),
    ),
  );
  const groups = new Map(
    descendants(resources, ['group']).flatMap((group) =>
      childrenNamed(group, 'primitive').map((one) => [attribute(one, 'id'), attribute(group, 'id')] as const),
    ),
  );
  const groupElements = new Map(
    descendants(resources, ['group']).map((group) => [attribute(group, 'id'), group] as const),
  );
  return descendants(resources, ['primitive']).map((primitive) => {
    const operations = descendants(primitive, ['op']);
    const monitor = operations.find((op) => attribute(op, 'name') === 'monitor');
    const id = attribute(primitive, 'id');
    const clone = clones.get(id);
    const group = groups.get(id);
    const parent = clone ?? groupElements.get(group ?? '');
    return {
      id,
      agent: ['class', 'provider', 'type']
        .map((part) => attribute(primitive, part))
        .filter((part) => part !== '')
        .join(':'),
      options: pairs(childAt(primitive, 'instance_attributes')),
      cloned: clone !== undefined,
      ...(group === undefined ? {} : { group }),
      disabled: isDisabled(primitive) || (clone !== undefined && isDisabled(clone)),
      inMaintenance: [primitive, ...(parent ? [parent] : [])].some(
        (element) => metaOf(element, 'maintenance') === 'true',
      ),
      ...(monitor ? { monitor: attribute(monitor, 'interval') } : {}),
      timeouts: new Map(operations.map((op) => [attribute(op, 'name'), attribute(op, 'timeout')])),
    };
  });
}

function isDisabled(element: XmlElement): boolean {
  return metaOf(element, 'target-role') === 'Stopped';
}

function metaOf(element: XmlElement, name: string): string | undefined {
  return pairs(childAt(element, 'meta_attributes')).get(name);
}

function pairs(element: XmlElement | undefined): ReadonlyMap<string, string> {
  return new Map(
    childrenNamed(element, 'nvpair').map((pair) => [attribute(pair, 'name'), attribute(pair, 'value')]),
  );
}

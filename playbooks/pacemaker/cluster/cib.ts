import type { DesiredConstraint } from './desired.ts';
import { RECORD } from './pcs.ts';
import { attribute, childAt, childrenNamed, descendants, parseXml, type XmlElement } from './xml.ts';

/** A resource as the cluster's configuration has it. */
export interface CibResource {
  readonly id: string;
  /** As pcs writes it: `ocf:heartbeat:IPaddr2`, `systemd:haproxy`. */
  readonly agent: string;
  readonly options: ReadonlyMap<string, string>;
  /** The interval of its monitor, as written: `10s`. */
  readonly monitor?: string;
  readonly cloned: boolean;
  /** The group that it is in. */
  readonly group?: string;
  /** Somebody told the cluster to keep it stopped, as `pcs resource disable` does. */
  readonly disabled: boolean;
  /** Somebody told the cluster to leave it as it is, with the meta attribute `maintenance`. */
  readonly inMaintenance: boolean;
}

export interface CibGroup {
  readonly id: string;
  /** Ids of its resources, in their order. */
  readonly resources: readonly string[];
  readonly disabled: boolean;
}

/** A constraint between two resources, or of a resource to a host. */
export interface CibConstraint extends DesiredConstraint {
  readonly id: string;
}

/** What osha reads of the configuration that a cluster shares (CIB). */
export interface Cib {
  readonly properties: ReadonlyMap<string, string>;
  readonly defaults: ReadonlyMap<string, string>;
  /** Fence devices among them: their agent is `stonith:...`. */
  readonly resources: readonly CibResource[];
  readonly groups: readonly CibGroup[];
  readonly constraints: readonly CibConstraint[];
  /** Ids of what osha noted that it made. */
  readonly made: ReadonlySet<string>;
}

/** Reads what `cibadmin --query` prints. Throws an `Error` where it is no CIB. */
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

/** The ids in the record of what osha made. */
export function madeOf(record: string | undefined): ReadonlySet<string> {
  return new Set((record ?? '').split(' ').filter((id) => id !== ''));
}

/** The constraints below `constraints` that are between two; a location with a rule of its own is none of these. */
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
    const monitor = descendants(primitive, ['op']).find((op) => attribute(op, 'name') === 'monitor');
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

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
  /** Somebody told the cluster to keep it stopped, as `pcs resource disable` does. */
  readonly disabled: boolean;
}

/** A constraint between two resources. */
export interface CibConstraint {
  readonly id: string;
  readonly kind: 'order' | 'colocation';
  /** The resource that comes first, or that is placed. */
  readonly resource: string;
  /** The resource that comes after it, or that it is placed with. */
  readonly other: string;
  /** The kind of an order, the score of a colocation. */
  readonly strength: string;
}

/** What osha reads of the configuration that a cluster shares (CIB). */
export interface Cib {
  readonly properties: ReadonlyMap<string, string>;
  readonly defaults: ReadonlyMap<string, string>;
  readonly resources: readonly CibResource[];
  readonly constraints: readonly CibConstraint[];
}

/** Reads what `cibadmin --query` prints. Throws an `Error` where it is no CIB. */
export function parseCib(xml: string): Cib {
  const configuration = childAt(parseXml(xml), 'configuration');
  if (!configuration) throw new Error('it has no configuration');
  const constraints = childAt(configuration, 'constraints');
  const constraint = (
    element: XmlElement,
    kind: CibConstraint['kind'],
    [resource, other, strength]: readonly [string, string, string],
  ): CibConstraint => ({
    id: attribute(element, 'id'),
    kind,
    resource: attribute(element, resource),
    other: attribute(element, other),
    strength: attribute(element, strength),
  });
  return {
    properties: pairs(childAt(configuration, 'crm_config', 'cluster_property_set')),
    defaults: pairs(childAt(configuration, 'rsc_defaults', 'meta_attributes')),
    resources: resourcesOf(childAt(configuration, 'resources')),
    constraints: [
      ...childrenNamed(constraints, 'rsc_order').map((one) =>
        constraint(one, 'order', ['first', 'then', 'kind']),
      ),
      ...childrenNamed(constraints, 'rsc_colocation').map((one) =>
        constraint(one, 'colocation', ['rsc', 'with-rsc', 'score']),
      ),
    ],
  };
}

function resourcesOf(resources: XmlElement | undefined): readonly CibResource[] {
  const clones = new Map(
    descendants(resources, ['clone']).flatMap((clone) =>
      childrenNamed(clone, 'primitive').map((primitive) => [attribute(primitive, 'id'), clone] as const),
    ),
  );
  return descendants(resources, ['primitive']).map((primitive) => {
    const monitor = descendants(primitive, ['op']).find((op) => attribute(op, 'name') === 'monitor');
    const id = attribute(primitive, 'id');
    const clone = clones.get(id);
    return {
      id,
      agent: ['class', 'provider', 'type']
        .map((part) => attribute(primitive, part))
        .filter((part) => part !== '')
        .join(':'),
      options: pairs(childAt(primitive, 'instance_attributes')),
      cloned: clone !== undefined,
      disabled: isDisabled(primitive) || (clone !== undefined && isDisabled(clone)),
      ...(monitor ? { monitor: attribute(monitor, 'interval') } : {}),
    };
  });
}

function isDisabled(element: XmlElement): boolean {
  return pairs(childAt(element, 'meta_attributes')).get('target-role') === 'Stopped';
}

function pairs(element: XmlElement | undefined): ReadonlyMap<string, string> {
  return new Map(
    childrenNamed(element, 'nvpair').map((pair) => [attribute(pair, 'name'), attribute(pair, 'value')]),
  );
}

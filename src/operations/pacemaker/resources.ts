import { ProbeError, type Change, type Operation } from '../../playbook/operation.ts';
import { quote } from '../shell.ts';
import { parseCib, type Cib, type CibConstraint, type CibResource } from './cib.ts';
import { parseMonitor, type Monitor } from './monitor.ts';

export interface DesiredResource {
  readonly id: string;
  readonly agent: string;
  readonly options: Readonly<Record<string, string>>;
  /** Seconds between two looks at it. */
  readonly monitorSeconds: number;
  /** On every member; the clone is called `ID-clone`. */
  readonly clone?: true;
}

/** What the inventory wants of a cluster's configuration. What it does not name is left alone. */
export interface DesiredResources {
  readonly properties: Readonly<Record<string, string>>;
  /** Defaults of all resources, such as `resource-stickiness`. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly resources: readonly DesiredResource[];
  readonly orders: readonly { readonly first: string; readonly then: string; readonly kind: string }[];
  readonly colocations: readonly {
    readonly resource: string;
    readonly with: string;
    readonly score: string;
  }[];
}

export interface ResourceState {
  readonly cib: Cib;
  readonly monitor: Monitor;
}

const SEPARATOR = '-- status';

/**
 * The cluster's properties, resources and constraints are what is desired: compared with the live configuration and
 * changed one by one, with the commands that an operator would type. To be done once per cluster.
 */
export function resources(desired: DesiredResources): Operation<ResourceState> {
  return {
    scope: 'host',
    title: 'cluster resources',
    probe: {
      script: `cibadmin --query 2>/dev/null; echo '${SEPARATOR}'; crm_mon --one-shot --output-as=xml 2>/dev/null; exit 0`,
      reads: ['cluster:pacemaker', 'cluster:resources', 'unit:pacemaker'],
      parse: ({ stdout }) => {
        const [cib = '', monitor = ''] = stdout.split(`${SEPARATOR}\n`);
        if (!cib.includes('<cib')) throw new ProbeError('Pacemaker does not run here');
        return { cib: parseCib(cib), monitor: parseMonitor(monitor) };
      },
    },
    decide: (state) => decideResources(desired, state),
  };
}

/** Pure. See `resources`. Throws a `ProbeError` where another resource holds the address of a desired one. */
export function decideResources(
  desired: DesiredResources,
  { cib, monitor }: ResourceState,
): readonly Change[] {
  refuseTwins(desired, cib);
  return [
    ...settings('property', desired.properties, cib.properties),
    ...settings('default', desired.defaults, cib.defaults),
    ...desired.resources.flatMap((resource) => resourceChanges(resource, cib)),
    ...desired.orders.flatMap(({ first, then, kind }) =>
      constraintChanges(
        { kind: 'order', resource: first, other: then, strength: kind },
        cib,
        pcs(`start ${first} before ${then} (${kind})`, `constraint order ${first} then ${then} kind=${kind}`),
      ),
    ),
    ...desired.colocations.flatMap(({ resource, with: other, score }) =>
      constraintChanges(
        { kind: 'colocation', resource, other, strength: score },
        cib,
        pcs(
          `keep ${resource} with ${other} (${score})`,
          `constraint colocation add ${resource} with ${other} score=${score}`,
        ),
      ),
    ),
    ...desired.resources
      .filter(({ id }) => monitor.failed.has(id))
      .map(({ id }) => pcs(`clean up ${id}: ${monitor.failed.get(id) ?? ''}`, `resource cleanup ${id}`)),
  ];
}

/**
 * Two resources with one address would put it on two hosts. Which of them has to go is not osha's to say: what the
 * inventory does not name may be somebody's.
 */
function refuseTwins(desired: DesiredResources, cib: Cib): void {
  const ours = new Map(desired.resources.map(({ id, options }) => [id, options['ip']]));
  for (const found of cib.resources) {
    const address = found.options.get('ip');
    if (address === undefined || ours.has(found.id)) continue;
    const twin = [...ours].find(([, ip]) => ip === address);
    if (!twin) continue;
    throw new ProbeError(
      `the cluster's resource ${found.id} holds ${address}, which is for ${twin[0]}: if it is no longer needed, pcs resource delete ${found.id}`,
    );
  }
}

/** A constraint of another strength between the two would stay in force beside the new one. */
function constraintChanges(wanted: Omit<CibConstraint, 'id'>, cib: Cib, addition: Change): readonly Change[] {
  const between = cib.constraints.filter(
    (one) => one.kind === wanted.kind && one.resource === wanted.resource && one.other === wanted.other,
  );
  if (between.some((one) => one.strength === wanted.strength)) return [];
  return [
    ...between.map((one) =>
      pcs(`remove the ${one.kind} ${one.id} (${one.strength})`, `constraint delete ${quote(one.id)}`),
    ),
    addition,
  ];
}

function resourceChanges(desired: DesiredResource, cib: Cib): readonly Change[] {
  const { id } = desired;
  const found = cib.resources.find((resource) => resource.id === id);
  if (!found) return [creation(desired)];
  if (found.agent !== desired.agent) {
    return [
      pcs(
        `remove ${id}, which is another kind of resource (${found.agent})`,
        `resource delete ${id} --force`,
      ),
      creation(desired),
    ];
  }
  const changed = difference(desired, found);
  const cloned = desired.clone ?? false;
  return [
    ...(changed.length === 0
      ? []
      : [
          pcs(
            `change ${id}: ${changed.map(([name, value, before]) => `${name} from ${before || 'nothing'} to ${value}`).join(', ')}`,
            `resource update ${id}${optionWords(desired)} op monitor interval=${desired.monitorSeconds}s`,
          ),
        ]),
    ...(found.cloned === cloned
      ? []
      : [
          cloned
            ? pcs(`run ${id} on every member`, `resource clone ${id}`)
            : pcs(`run ${id} on one member only`, `resource unclone ${id}`),
        ]),
    ...(found.disabled ? [pcs(`let ${id} run, which was disabled`, `resource enable ${id}`)] : []),
  ];
}

function difference(
  desired: DesiredResource,
  found: CibResource,
): readonly (readonly [name: string, value: string, before: string])[] {
  const options = Object.entries(desired.options)
    .map(([name, value]) => [name, value, found.options.get(name) ?? ''] as const)
    .filter(([, value, before]) => value !== before);
  const monitor = `${desired.monitorSeconds}s`;
  return found.monitor === monitor ? options : [...options, ['monitor', monitor, found.monitor ?? '']];
}

function creation(desired: DesiredResource): Change {
  const { id, agent, monitorSeconds, clone } = desired;
  return pcs(
    `create ${id} (${agent})${clone ? ' on every member' : ''}`,
    `resource create ${id} ${agent}${optionWords(desired)} op monitor interval=${monitorSeconds}s${clone ? ' clone' : ''}`,
  );
}

function optionWords({ options }: DesiredResource): string {
  return Object.entries(options)
    .map(([name, value]) => ` ${quote(`${name}=${value}`)}`)
    .join('');
}

/** All of one kind in one command: each command of pcs takes the better part of a second. */
function settings(
  kind: 'property' | 'default',
  desired: Readonly<Record<string, string>>,
  found: ReadonlyMap<string, string>,
): readonly Change[] {
  const changed = Object.entries(desired).filter(([name, value]) => found.get(name) !== value);
  if (changed.length === 0) return [];
  const command = kind === 'property' ? 'property set' : 'resource defaults update';
  const words = changed.map(([name, value]) => {
    const before = found.get(name);
    return `${name} to ${value}${before === undefined ? '' : ` (it is ${before})`}`;
  });
  return [
    pcs(
      `set ${kind === 'property' ? 'properties of the cluster' : 'defaults of resources'}: ${words.join(', ')}`,
      `${command} ${changed.map(([name, value]) => quote(`${name}=${value}`)).join(' ')}`,
    ),
  ];
}

function pcs(summary: string, command: string): Change {
  return {
    summary,
    script: `pcs ${command}`,
    touches: ['cluster:resources'],
  };
}

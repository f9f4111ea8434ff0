import { type Inventory, type InventoryProblem, choiceFault, suggestion } from 'osha';
import { clustersOf, type Cluster, clonesHaproxy, namesMeant, resourcesOf } from './clusters.ts';
import type { Settings, Constraint } from './settings.ts';
import { groupProblems, openstackProblems } from './validate-groups.ts';
import { HAPROXY, reference, serviceId } from './desired-resources.ts';
import { cloneOf } from './cluster/desired.ts';
import { vipResource } from './health.ts';

/** Mistakes in the clusters of an inventory. */
export function problemsOf(inventory: Inventory, settings: Settings): readonly InventoryProblem[] {
  const clusters = clustersOf(inventory, settings);
  return [
    ...nameProblems(inventory, settings),
    ...transportProblems(settings, clusters.length),
    ...quorumProblems(inventory, settings),
    ...haltProblems(settings),
    ...fenceProblems(settings, clusters),
    ...resourceProblems(inventory, settings, clusters),
    ...groupProblems(inventory, settings, clusters),
    ...openstackProblems(inventory, settings, clusters),
    ...constraintProblems(settings, clusters),
  ];
}

/** The limit of GFS2, and therefore of pcs. */
const LONGEST_NAME = 32;

function nameProblems(inventory: Inventory, settings: Settings): readonly InventoryProblem[] {
  const clusters = clustersOf(inventory, settings);
  if (clusters.length < 2) return [];
  const names = clusters.map(({ name }) => name).join(', ');
  return [
    ...(settings.cluster_name === undefined
      ? []
      : [
          {
            severity: 'error' as const,
            path: ['pacemaker', 'cluster_name'],
            message: `one name for ${clusters.length} clusters: hosts that share no virtual IP are in separate clusters`,
            hint: `remove it; the clusters are called ${names}`,
          },
        ]),
    ...clusters
      .filter(({ name }) => name.length > LONGEST_NAME)
      .map(({ name, vips }) => ({
        severity: 'error' as const,
        path: ['vips', vips[0]?.name ?? ''],
        at: 'key' as const,
        message: `its cluster name ${name} is longer than ${LONGEST_NAME} characters`,
        hint: 'shorten the name of the inventory or of the virtual IP',
      })),
  ];
}

function isMulticast(address: string): boolean {
  const parts = address.split('.');
  const numbers = parts.map(Number);
  return (
    parts.length === 4 &&
    parts.every((part) => /^\d{1,3}$/.test(part)) &&
    numbers.every((number) => number <= 255) &&
    (numbers[0] ?? 0) >= 224 &&
    (numbers[0] ?? 0) <= 239
  );
}

function transportProblems(settings: Settings, clusters: number): readonly InventoryProblem[] {
  const { transport = 'knet', multicast, multicast_port: port } = settings;
  const error = (key: string, message: string, hint: string): InventoryProblem => ({
    severity: 'error',
    path: ['pacemaker', key],
    message,
    hint,
  });
  const example = 'set one, such as multicast: 239.255.1.1';
  if (transport !== 'udp') {
    const why = `multicast requires the transport udp; this cluster uses ${transport}`;
    return [
      ...(multicast === undefined ? [] : [error('multicast', why, 'remove it, or set transport: udp')]),
      ...(port === undefined ? [] : [error('multicast_port', why, 'remove it, or set transport: udp')]),
    ];
  }
  if (multicast === undefined) return [error('transport', 'udp needs a multicast address', example)];
  if (!isMulticast(multicast)) {
    return [
      error('multicast', `${multicast} is not a multicast address (224.0.0.0 to 239.255.255.255)`, example),
    ];
  }
  if (clusters > 1) {
    return [
      error(
        'multicast',
        `${clusters} clusters on one multicast address would receive each other's messages`,
        'set transport: knet or udpu, or use a separate inventory for each cluster',
      ),
    ];
  }
  return [];
}

/**
 * With two members, each has quorum alone once they have seen each other (Corosync's two_node), so this setting matters
 * only at startup.
 */
function quorumProblems(inventory: Inventory, settings: Settings): readonly InventoryProblem[] {
  const two = clustersOf(inventory, settings).find(({ hosts }) => hosts.length === 2);
  if (settings.no_quorum !== 'stop' || !two) return [];
  const names = two.hosts.map((host) => host.name).join(' and ');
  return [
    {
      severity: 'warning',
      path: ['pacemaker', 'no_quorum'],
      message: `with two members, ${names}, a member that starts alone runs nothing until it sees the other one; if they lose contact, both keep running`,
      hint: 'remove it and declare fence devices, or add a third host that can hold a virtual IP',
    },
  ];
}

/** Properties for temporary maintenance: while one is set, a deployment would wait in vain for resources. */
function haltProblems({ properties }: Settings): readonly InventoryProblem[] {
  return ['maintenance-mode', 'stop-all-resources']
    .filter((name) => properties[name] === 'true')
    .map((name) => ({
      severity: 'error',
      path: ['pacemaker', 'properties', name],
      message: 'with this property, the cluster would run nothing',
      hint: `remove it; for temporary maintenance, on a member: pcs property set ${name}=true`,
    }));
}

/** Options of fence agents that take a password. */
const PASSWORDS = /^(passwd|password|snmp_priv_passwd|identity_file_password)$/;

/** Mistakes in the fence devices, or advice when there are none. */
function fenceProblems(settings: Settings, clusters: readonly Cluster[]): readonly InventoryProblem[] {
  const members = [...new Set(clusters.flatMap((cluster) => cluster.hosts))];
  const devices = Object.entries(settings.fence);
  if (devices.length === 0) {
    return [
      {
        severity: 'advice',
        path: ['pacemaker', 'fence'],
        message:
          'no fence device is declared: a member that hangs is not switched off, and may keep holding what another one took over',
        hint: 'declare one for each host: pacemaker: { fence: { ipmi1: { agent: fence_ipmilan, hosts: [controller1], options: { ip: 10.0.0.101 } } } }',
      },
    ];
  }
  return devices.flatMap(([name, { hosts, options }]): readonly InventoryProblem[] => [
    ...hosts.flatMap((word, index): readonly InventoryProblem[] => {
      const fault = choiceFault(word, members);
      return fault
        ? [{ severity: 'error', path: ['pacemaker', 'fence', name, 'hosts', index], ...fault }]
        : [];
    }),
    ...Object.keys(options)
      .filter((option) => PASSWORDS.test(option))
      .map((option): InventoryProblem => ({
        severity: 'error',
        path: ['pacemaker', 'fence', name, 'options', option],
        at: 'key',
        message: 'an inventory must not contain passwords',
        hint: `set password_option: ${option} next to options, and store the password as the secret fencePassword`,
      })),
  ]);
}

/** The words of a constraint that refer to resources, with their paths in it. */
function wordsOf(
  constraint: Constraint,
): readonly (readonly [path: readonly (string | number)[], word: string])[] {
  if ('order' in constraint) return constraint.order.map((word, index) => [['order', index], word] as const);
  if ('colocate' in constraint) {
    return [
      [['colocate'], constraint.colocate],
      [['with'], constraint.with],
    ];
  }
  return [[['location'], constraint.location]];
}

/** Constraints with unknown words, across clusters, or of a resource with itself. */
function constraintProblems(settings: Settings, clusters: readonly Cluster[]): readonly InventoryProblem[] {
  const options = (cluster: Cluster): Parameters<typeof reference>[1] => ({ cluster, clusters, settings });
  const known = clusters.flatMap((cluster) => [
    ...cluster.vips.map(({ name }) => name),
    ...cluster.groups.keys(),
    ...resourcesOf(cluster, settings, clusters),
    ...[...cluster.groups.values()].flatMap((group) => group.services),
    ...(clonesHaproxy(cluster, HAPROXY) ? [HAPROXY] : []),
  ]);
  return settings.constraints.flatMap((constraint, index): readonly InventoryProblem[] => {
    const path = ['pacemaker', 'constraints', index];
    const words = wordsOf(constraint);
    const unknown = words
      .filter(([, word]) => !known.includes(word))
      .map(([at, word]): InventoryProblem => ({
        severity: 'error',
        path: [...path, ...at],
        message: `"${word}" is not a virtual IP, group or resource of a cluster`,
        hint: suggestion(word, [...new Set(known)]),
      }));
    const members = [...new Set(clusters.flatMap((cluster) => cluster.hosts))];
    const fault = 'location' in constraint ? choiceFault(constraint.host, members) : undefined;
    const all = [
      ...unknown,
      ...(fault ? [{ severity: 'error' as const, path: [...path, 'host'], ...fault }] : []),
    ];
    if (all.length > 0) return all;
    if (words.length === 2 && words[0]?.[1] === words[1]?.[1]) {
      const message = `${words[0]?.[1] ?? ''} is on both sides of the constraint`;
      return [{ severity: 'error', path, message, hint: 'use two different resources' }];
    }
    const together = clusters.some(
      (cluster) =>
        words.every(([, word]) => reference(word, options(cluster)) !== '') &&
        (!('location' in constraint) || namesMeant([constraint.host], cluster).length > 0),
    );
    if (together) return [];
    const message = 'the constraint spans different clusters';
    return [{ severity: 'error', path, message, hint: 'remove it: clusters are independent of each other' }];
  });
}

/** Mistakes in the resources, and names used twice in a cluster. */
function resourceProblems(
  inventory: Inventory,
  settings: Settings,
  clusters: readonly Cluster[],
): readonly InventoryProblem[] {
  const members = [...new Set(clusters.flatMap((cluster) => cluster.hosts))];
  const inGroups = Object.values(settings.groups).flatMap((group) => group.services);
  return [
    ...idProblems(inventory, settings, clusters),
    ...Object.entries(settings.resources).flatMap(([name, { on, clone }]): readonly InventoryProblem[] => {
      const path = ['pacemaker', 'resources', name];
      const faults = (on ?? []).flatMap((word, index): readonly InventoryProblem[] => {
        const fault = choiceFault(word, members);
        return fault ? [{ severity: 'error', path: [...path, 'on', index], ...fault }] : [];
      });
      if (faults.length > 0) return faults;
      if (inGroups.includes(name)) {
        if (!clone) return [];
        const message = `${name} is in a group, which runs on one host`;
        return [
          {
            severity: 'error',
            path: [...path, 'clone'],
            message,
            hint: 'remove clone, or remove it from the group',
          },
        ];
      }
      const homes = clusters.filter((cluster) => on === undefined || namesMeant(on, cluster).length > 0);
      if (homes.length === 1) return [];
      const names = homes.map((cluster) => cluster.name).join(', ');
      return [
        {
          severity: 'error',
          path: on === undefined ? path : [...path, 'on'],
          message: `${name} could run in several clusters: ${names}`,
          hint: `choose hosts of one of them: on: [${homes[0]?.hosts.map((host) => host.name).join(', ') ?? ''}]`,
        },
      ];
    }),
  ];
}

/** IDs must be unique in a cluster, and words of constraints unambiguous. */
function idProblems(
  inventory: Inventory,
  settings: Settings,
  clusters: readonly Cluster[],
): readonly InventoryProblem[] {
  const taken = new Map<string, string>();
  for (const { name } of inventory.vips) {
    taken.set(name, 'a virtual IP');
    taken.set(vipResource({ name }), 'the resource of a virtual IP');
  }
  for (const name of Object.values(settings.groups).flatMap((group) => group.services)) {
    if (!Object.hasOwn(settings.resources, name)) taken.set(serviceId(name), 'a service of a group');
  }
  if (clusters.some((cluster) => clonesHaproxy(cluster, HAPROXY))) {
    taken.set(HAPROXY, 'HAProxy');
    taken.set(cloneOf(HAPROXY), 'HAProxy');
  }
  const kinds = [
    ['resources', 'a resource'],
    ['groups', 'a group'],
    ['fence', 'a fence device'],
  ] as const;
  return kinds.flatMap(([key, kind]) =>
    Object.keys(settings[key]).flatMap((name): readonly InventoryProblem[] => {
      const other = taken.get(name);
      taken.set(name, kind);
      if (other === undefined) return [];
      const message = `"${name}" is ${other} already`;
      return [
        {
          severity: 'error',
          path: ['pacemaker', key, name],
          at: 'key',
          message,
          hint: 'give it another name',
        },
      ];
    }),
  );
}

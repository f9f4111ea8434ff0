import { type Inventory, type InventoryProblem, choiceFault, suggestion } from 'osha';
import { clustersOf, type Cluster, clonesHaproxy, namesMeant, resourcesOf } from './clusters.ts';
import type { Settings, Constraint } from './settings.ts';
import { groupProblems } from './validate-groups.ts';
import { openstackProblems } from './validate-openstack.ts';
import { resourceProblems } from './validate-resources.ts';
import { HAPROXY, reference } from './resources.ts';

/** What is wrong with how the inventory's clusters are described. */
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

/** What GFS2 and so pcs take. */
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
            message: `one name for ${clusters.length} clusters: hosts that share no virtual IP are in clusters of their own`,
            hint: `remove it; they are called ${names}`,
          },
        ]),
    ...clusters
      .filter(({ name }) => name.length > LONGEST_NAME)
      .map(({ name, vips }) => ({
        severity: 'error' as const,
        path: ['vips', vips[0]?.name ?? ''],
        at: 'key' as const,
        message: `its cluster would be called ${name}, which is longer than ${LONGEST_NAME} characters`,
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
  const example = 'write one such as multicast: 239.255.1.1';
  if (transport !== 'udp') {
    const why = `only the transport udp is multicast, and ${transport} is not`;
    return [
      ...(multicast === undefined ? [] : [error('multicast', why, 'remove it, or write transport: udp')]),
      ...(port === undefined ? [] : [error('multicast_port', why, 'remove it, or write transport: udp')]),
    ];
  }
  if (multicast === undefined) return [error('transport', 'udp needs a multicast address', example)];
  if (!isMulticast(multicast)) {
    return [
      error('multicast', `${multicast} is no multicast address (224.0.0.0 to 239.255.255.255)`, example),
    ];
  }
  if (clusters > 1) {
    return [
      error(
        'multicast',
        `multicast in ${clusters} clusters on one address: each would hear the others`,
        'write transport: knet or udpu, or put the clusters into inventories of their own',
      ),
    ];
  }
  return [];
}

/**
 * Corosync lets each of two members have the quorum alone once they have seen each other (two_node), so that the
 * setting only counts at a start.
 */
function quorumProblems(inventory: Inventory, settings: Settings): readonly InventoryProblem[] {
  const two = clustersOf(inventory, settings).find(({ hosts }) => hosts.length === 2);
  if (settings.no_quorum !== 'stop' || !two) return [];
  const names = two.hosts.map((host) => host.name).join(' and ');
  return [
    {
      severity: 'warning',
      path: ['pacemaker', 'no_quorum'],
      message: `with two members, ${names}, one that starts alone runs nothing until it has seen the other; and when they lose contact, both keep running`,
      hint: 'leave it out, and declare fence devices; or have a third host that can hold a virtual IP',
    },
  ];
}

/** What is for an hour of maintenance: while it holds, a deployment would wait for what the cluster does not do. */
function haltProblems({ properties }: Settings): readonly InventoryProblem[] {
  return ['maintenance-mode', 'stop-all-resources']
    .filter((name) => properties[name] === 'true')
    .map((name) => ({
      severity: 'error',
      path: ['pacemaker', 'properties', name],
      message: 'the cluster would not run what the inventory says',
      hint: `remove it; for an hour of maintenance, on a member: pcs property set ${name}=true`,
    }));
}

/** Options of fence agents that carry a password. */
const PASSWORDS = /^(passwd|password|snmp_priv_passwd|identity_file_password)$/;

/** What is wrong with the fence devices; that there are none is worth an advice. */
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
        message: 'a password does not belong into an inventory',
        hint: `write password_option: ${option} beside options, and the password as fencePassword into the secrets`,
      })),
  ]);
}

/** The words of a constraint that stand for things in the cluster, with their places within it. */
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

/** Words in constraints that mean nothing, or things of different clusters, or one thing twice. */
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
        message: `"${word}" is no virtual IP, group or resource of a cluster`,
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
      const message = `${words[0]?.[1] ?? ''} stands on both sides`;
      return [{ severity: 'error', path, message, hint: 'a constraint is between two' }];
    }
    const together = clusters.some(
      (cluster) =>
        words.every(([, word]) => reference(word, options(cluster)) !== '') &&
        (!('location' in constraint) || namesMeant([constraint.host], cluster).length > 0),
    );
    if (together) return [];
    const message = 'it is about things that are in different clusters';
    return [{ severity: 'error', path, message, hint: 'remove it: clusters know nothing of each other' }];
  });
}

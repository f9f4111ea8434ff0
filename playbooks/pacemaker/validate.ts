import type { Inventory, InventoryProblem } from 'osha';
import { clustersOf } from './clusters.ts';
import type { Settings } from './settings.ts';
import { constraintProblems } from './validate-constraints.ts';
import { fenceProblems } from './validate-fence.ts';
import { groupProblems } from './validate-groups.ts';
import { openstackProblems } from './validate-openstack.ts';
import { resourceProblems } from './validate-resources.ts';

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

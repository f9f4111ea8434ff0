import type { Host } from 'osha';
import type { RabbitmqSettings } from '../settings.ts';

export const MANAGEMENT_PORT = 15672;

/** What nodes do that lose contact: the setting, or its default. */
export function partitionsOf(nodes: number, settings: RabbitmqSettings): RabbitmqSettings['partitions'] {
  // With two nodes, neither side of a partition has a majority: both would pause, even if one has only died.
  return settings.partitions ?? (nodes > 2 ? 'pause_minority' : 'autoheal');
}

/**
 * `rabbitmq.conf` of one node. It listens on the host's own address, because HAProxy listens on the virtual IP of the
 * same host.
 */
export function rabbitmqConf(host: Host, nodes: number, settings: RabbitmqSettings): string {
  const partitions = partitionsOf(nodes, settings);
  // The broker does not start with settings of a disabled plugin.
  const management = settings.management
    ? `management.tcp.ip = ${host.address}\nmanagement.tcp.port = ${MANAGEMENT_PORT}\n`
    : '';
  return `# Placed by osha.
listeners.tcp.default = ${host.address}:${settings.port}
${management}loopback_users.guest = true
cluster_partition_handling = ${partitions}
net_ticktime = ${settings.net_ticktime}
vm_memory_high_watermark.relative = ${settings.memory}
disk_free_limit.absolute = ${settings.disk_free}
`;
}

/** `rabbitmq-env.conf`: a node name that does not depend on the host's resolver. */
export function rabbitmqEnv(node: string): string {
  return `# Placed by osha.
NODENAME=${node}
`;
}

/** Enabled plugins, as an Erlang term. */
export function enabledPlugins(settings: Pick<RabbitmqSettings, 'management'>): string {
  return settings.management ? '[rabbitmq_management].\n' : '[].\n';
}

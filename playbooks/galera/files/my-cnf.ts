import type { Host, Platform } from 'osha';
import { charsetOf, type GaleraSettings } from '../settings.ts';

/** The port of replication; state transfers use the two after it and 4444. */
export const REPLICATION_PORT = 4567;

export interface MyCnf {
  readonly host: Host;
  /** Every member, including those that a run leaves out. */
  readonly members: readonly Host[];
  readonly clusterName: string;
  readonly settings: GaleraSettings;
  readonly platform: Platform;
}

/**
 * The server's configuration on one member. It listens on the host's own address, because HAProxy listens on the
 * virtual IP at the same port of the same host; root uses the socket.
 */
export function myCnf({ host, members, clusterName, settings, platform }: MyCnf): string {
  const provider = [
    `gcache.size=${settings.gcache}`,
    // After a power cut of all members, they reconnect on their own.
    'pc.recovery=TRUE',
    `gmcast.listen_addr=tcp://${host.address}:${REPLICATION_PORT}`,
    `ist.recv_addr=${host.address}`,
  ].join(';');
  // Reads agree on every member only if they wait for replication; with one writer, reads go to that writer.
  const syncWait = settings.sync_wait ?? (settings.writers === 'all' ? 1 : 0);
  const charset = charsetOf(settings);
  return `# Placed by osha.
[mysqld]
bind_address = ${host.address}
port = ${settings.port}
skip_name_resolve = ON
max_connections = ${settings.max_connections}
character_set_server = ${charset}
collation_server = ${settings.collation ?? `${charset}_general_ci`}
${settings.init_connect === undefined ? '' : `init_connect = '${settings.init_connect}'\n`}
default_storage_engine = InnoDB
innodb_buffer_pool_size = ${settings.buffer_pool}
innodb_flush_log_at_trx_commit = ${settings.flush_log}
innodb_autoinc_lock_mode = 2
binlog_format = ROW

wsrep_on = ON
wsrep_provider = ${platform.paths.wsrepProvider}
wsrep_provider_options = "${provider}"
wsrep_cluster_name = ${clusterName}
wsrep_cluster_address = gcomm://${members.map((member) => member.address).join(',')}
wsrep_node_name = ${host.name}
wsrep_node_address = ${host.address}
wsrep_slave_threads = ${settings.applier_threads}
wsrep_sync_wait = ${syncWait}
wsrep_sst_method = ${settings.sst}
${settings.sst === 'mariabackup' ? '# The account of the server itself, which the kernel vouches for: no password.\nwsrep_sst_auth = mysql:\n' : ''}`;
}

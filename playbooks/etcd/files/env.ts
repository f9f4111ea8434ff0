import type { Host, Platform } from 'osha';
import type { EtcdSettings } from '../settings.ts';
import { CLIENT_PORT, clientUrlOf, peerUrlOf } from '../layout.ts';

interface EtcdEnv {
  readonly host: Host;
  readonly settings: EtcdSettings;
  readonly platform: Platform;
}

/**
 * The settings of one member. They say nothing of the cluster's other members, nor what it is called: etcd keeps its
 * members and its id in its data. A member without data is told at its first start; should anything else start it, it finds nobody and gives up, instead of
 * forming a cluster of its own.
 */
export function etcdEnv({ host, settings, platform }: EtcdEnv): string {
  return `# Placed by osha.
ETCD_NAME=${host.name}
ETCD_DATA_DIR=${platform.paths.etcdData}
ETCD_LISTEN_PEER_URLS=${peerUrlOf(host)}
ETCD_LISTEN_CLIENT_URLS=${clientUrlOf(host)},http://127.0.0.1:${CLIENT_PORT}
ETCD_INITIAL_ADVERTISE_PEER_URLS=${peerUrlOf(host)}
ETCD_ADVERTISE_CLIENT_URLS=${clientUrlOf(host)}
ETCD_INITIAL_CLUSTER_STATE=existing
ETCD_STRICT_RECONFIG_CHECK=true
ETCD_HEARTBEAT_INTERVAL=${settings.heartbeat_ms}
ETCD_ELECTION_TIMEOUT=${settings.election_ms}
ETCD_QUOTA_BACKEND_BYTES=${settings.quota_mb * 1024 * 1024}
ETCD_AUTO_COMPACTION_MODE=periodic
ETCD_AUTO_COMPACTION_RETENTION=${settings.compaction_hours}h
`;
}

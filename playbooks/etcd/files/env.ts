import type { Host, Platform } from 'osha';
import type { EtcdSettings } from '../settings.ts';
import { CLIENT_PORT, clientUrlOf, peerUrlOf } from '../layout.ts';

interface EtcdEnv {
  readonly host: Host;
  readonly settings: EtcdSettings;
  readonly platform: Platform;
}

/**
 * Settings of one member. They name neither the cluster nor its other members: etcd keeps both in its data. A member
 * without data gets them for its first start only; started in any other way, it finds no cluster and gives up instead
 * of forming one of its own.
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

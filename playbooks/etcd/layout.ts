import { posix } from 'node:path';
import type { Host, Platform } from 'osha';

export const CLIENT_PORT = 2379;
export const PEER_PORT = 2380;

/** Where clients reach a host's member. */
export function clientUrlOf(host: Pick<Host, 'address'>): string {
  return `http://${host.address}:${CLIENT_PORT}`;
}

/** Where the other members reach a host's member. */
export function peerUrlOf(host: Pick<Host, 'address'>): string {
  return `http://${host.address}:${PEER_PORT}`;
}

/** What a member is told at the one start at which it forms or joins its cluster. Gone as soon as that start is over. */
export const FIRST_START_ENV = '/run/osha/etcd.env';

/** Stands beside the data of a member that took part in forming the cluster and was never ready since. */
export function formingMarkOf(platform: Platform): string {
  return posix.join(posix.dirname(platform.paths.etcdData), 'osha-forming');
}

/** Where systemd reads what osha adds to etcd's unit. */
export function dropInPathOf(platform: Platform): string {
  return `/etc/systemd/system/${platform.units.etcd}.service.d/60-osha.conf`;
}

/**
 * What osha adds to etcd's unit: a file of settings that exists for one start only. systemd itself takes it away, also
 * where the run that wrote it is gone by then. etcd is ready when it has agreed with a majority, and not before.
 */
export function dropInOf(platform: Platform): string {
  return `# Placed by osha.
[Service]
# Written for the one start at which a member forms or joins its cluster.
EnvironmentFile=-${FIRST_START_ENV}
ExecStartPost=+/bin/rm -f ${FIRST_START_ENV} ${formingMarkOf(platform)}
ExecStopPost=+/bin/rm -f ${FIRST_START_ENV}
`;
}

/** Files that a member reads when it starts. */
export function configFilesOf(platform: Platform): readonly string[] {
  return [platform.paths.etcdEnv, dropInPathOf(platform)];
}

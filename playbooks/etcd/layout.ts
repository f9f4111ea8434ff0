import { posix } from 'node:path';
import type { Host, Platform } from 'osha';

export const CLIENT_PORT = 2379;
export const PEER_PORT = 2380;

/** URL at which clients reach a host's member. */
export function clientUrlOf(host: Pick<Host, 'address'>): string {
  return `http://${host.address}:${CLIENT_PORT}`;
}

/** URL at which the other members reach a host's member. */
export function peerUrlOf(host: Pick<Host, 'address'>): string {
  return `http://${host.address}:${PEER_PORT}`;
}

/**
 * Environment for the single start at which a member forms or joins its cluster; systemd removes it after that start.
 */
export const FIRST_START_ENV = '/run/osha/etcd.env';

/** Mark next to the data of a member that took part in forming the cluster and has not been ready since. */
export function formingMarkOf(platform: Platform): string {
  return posix.join(posix.dirname(platform.paths.etcdData), 'osha-forming');
}

/** Path of osha's drop-in for etcd's unit. */
export function dropInPathOf(platform: Platform): string {
  return `/etc/systemd/system/${platform.units.etcd}.service.d/60-osha.conf`;
}

/**
 * Drop-in for etcd's unit: an environment file that exists for one start only. systemd removes it, even if the run that
 * wrote it has ended. The unit is ready once etcd has agreed with a majority, and not before.
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

/** Files that a member reads at startup. */
export function configFilesOf(platform: Platform): readonly string[] {
  return [platform.paths.etcdEnv, dropInPathOf(platform)];
}

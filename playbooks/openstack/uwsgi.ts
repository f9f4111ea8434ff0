import type { Host } from 'osha';

export interface UwsgiOptions {
  readonly host: Host;
  readonly port: number;
  /** The package's own file of settings for uWSGI. */
  readonly ini: string;
  readonly processes: number;
}

/** After this, nobody has been waiting for the answer for four minutes: HAProxy gave its client up after one (playbooks/haproxy/files/conf.ts). */
const GIVE_UP_S = 300;

/**
 * `/etc/default/UNIT` of an API that runs under uWSGI: Debian's init script reads it after it has put its own arguments
 * together, which name the wildcard address. The service binds its host's own, because HAProxy holds the virtual IP on
 * the same port. What stands after `--ini` wins over what stands in it.
 *
 * Each process has one thread: a request that changes threads hangs for ever in a service built on eventlet, such as
 * those of Nova and Neutron, and threads that start together have hung uWSGI itself (unbit/uwsgi issues 1198 and 1599).
 * A process whose request never ends is replaced, and the log names the request (`harakiri` in uWSGI's manual).
 */
export function uwsgiDefaults({ host, port, ini, processes }: UwsgiOptions): string {
  return `# Placed by osha.
DAEMON_ARGS="--http-socket ${host.address}:${port} --ini ${ini} --processes ${processes} --threads 1 --harakiri ${GIVE_UP_S}"
`;
}

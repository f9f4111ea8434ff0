import type { Host } from 'osha';

export interface UwsgiOptions {
  readonly host: Host;
  readonly port: number;
  /** The package's uWSGI configuration file. */
  readonly ini: string;
  readonly processes: number;
}

/** Seconds for a request. HAProxy gives up on it after 60 s (playbooks/haproxy/files/conf.ts), so no client is waiting any more. */
const HARAKIRI_SECONDS = 300;

/**
 * `/etc/default/UNIT` of an API under uWSGI. Debian's init script reads it after composing its own arguments, which bind
 * the wildcard address; the service must bind its host's address, because HAProxy binds the virtual IP on the same port.
 * Options after `--ini` override that file.
 *
 * Each process has one thread: a request that changes threads hangs forever in a service built on eventlet, such as Nova
 * and Neutron, and threads that start at the same time have hung uWSGI itself (unbit/uwsgi issues 1198 and 1599).
 * `harakiri` replaces a process whose request does not end, and logs the request.
 */
export function uwsgiDefaults({ host, port, ini, processes }: UwsgiOptions): string {
  return `# Placed by osha.
DAEMON_ARGS="--http-socket ${host.address}:${port} --ini ${ini} --processes ${processes} --threads 1 --harakiri ${HARAKIRI_SECONDS}"
`;
}

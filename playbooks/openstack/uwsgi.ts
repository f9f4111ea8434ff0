import type { Host } from 'osha';

export interface UwsgiOptions {
  readonly host: Host;
  readonly port: number;
  /** The package's own file of settings for uWSGI. */
  readonly ini: string;
  readonly processes: number;
  /** Default 1. Services built on eventlet, such as those of Nova and Neutron, must not have more: a request that changes threads hangs for ever. */
  readonly threads?: number;
}

/**
 * `/etc/default/UNIT` of an API that runs under uWSGI: Debian's init script reads it after it has put its own arguments
 * together, which name the wildcard address. The service binds its host's own, because HAProxy holds the virtual IP on
 * the same port. What stands after `--ini` wins over what stands in it.
 */
export function uwsgiDefaults({ host, port, ini, processes, threads = 1 }: UwsgiOptions): string {
  return `# Placed by osha.
DAEMON_ARGS="--http-socket ${host.address}:${port} --ini ${ini} --processes ${processes} --threads ${threads}"
`;
}

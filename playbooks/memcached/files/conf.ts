import type { Host } from 'osha';

/** `memcached.conf` of one host: command line options, one per line. UDP is off because it amplifies attacks. */
export function memcachedConf(host: Host, settings: { memory_mb: number; connections: number }): string {
  return `# Placed by osha.
-m ${settings.memory_mb}
-c ${settings.connections}
-p 11211
-U 0
-u memcache
-l ${host.address},127.0.0.1
-P /var/run/memcached/memcached.pid
`;
}

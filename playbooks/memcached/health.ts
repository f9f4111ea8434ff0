import { quote } from 'osha';
import type { HealthCheck, Host } from 'osha';

/** What a cache says of itself; nothing where it does not answer. */
export interface CacheStats {
  readonly version: string;
  readonly connections: number;
  readonly bytes: number;
}

/** Understands the answer to `stats`. */
export function parseStats(output: string): CacheStats | undefined {
  const stats = new Map(
    [...output.matchAll(/^STAT (\S+) (.*?)\r?$/gm)].map((match) => [match[1] ?? '', match[2] ?? ''] as const),
  );
  const version = stats.get('version');
  if (version === undefined) return undefined;
  return { version, connections: Number(stats.get('curr_connections')), bytes: Number(stats.get('bytes')) };
}

/** Every host's cache answers on the address that the services are given. */
export function cachesAnswer(hosts: readonly Host[], unit: string): HealthCheck<CacheStats | undefined> {
  return {
    scope: 'health',
    title: 'memcached',
    members: hosts,
    probe: (host) => ({
      script: `printf 'stats\\r\\nquit\\r\\n' |
  timeout 5 socat -t 3 - ${quote(`TCP:${host.address}:11211,connect-timeout=3`)} 2>/dev/null || :`,
      reads: [`unit:${unit}`],
      parse: ({ stdout }) => parseStats(stdout),
    }),
    judge: (answers) =>
      [...answers].map(([host, answer]) => {
        const subject = 'cache';
        if (!answer.reachable) return { subject, host, healthy: false, evidence: answer.reason };
        const stats = answer.observed;
        if (!stats) {
          const hint = `see "journalctl -u ${unit}" on ${host}, or deploy with --only memcached`;
          return { subject, host, healthy: false, evidence: 'no answer on port 11211', hint };
        }
        const used = `${(stats.bytes / 1024 / 1024).toFixed(1)} MiB used`;
        return {
          subject,
          host,
          healthy: true,
          evidence: `${stats.version}, ${stats.connections} connections, ${used}`,
        };
      }),
  };
}

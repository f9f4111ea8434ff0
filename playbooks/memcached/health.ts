import {
  type Answer,
  type Finding,
  type HealthCheck,
  type Host,
  type Takeover,
  takeoverOf,
  within,
} from 'osha';

/** Statistics of a cache. */
export interface CacheStats {
  readonly version: string;
  readonly connections: number;
  readonly bytes: number;
}

/** Parses the answer to `stats`; undefined if there is none. */
export function parseStats(output: string): CacheStats | undefined {
  const stats = new Map(
    [...output.matchAll(/^STAT (\S+) (.*?)\r?$/gm)].map((match) => [match[1] ?? '', match[2] ?? ''] as const),
  );
  const version = stats.get('version');
  if (version === undefined) return undefined;
  return { version, connections: Number(stats.get('curr_connections')), bytes: Number(stats.get('bytes')) };
}

const SUBJECT = 'cache';

/**
 * Checks that the cache of every host answers on the address that services use, or on exactly one host if a cluster
 * runs it on one host at a time.
 */
export function cachesAnswer(
  hosts: readonly Host[],
  unit: string,
  takeovers: readonly Takeover[] = [],
): HealthCheck<CacheStats | undefined> {
  return {
    scope: 'health',
    title: 'memcached',
    members: hosts,
    probe: (host) => ({
      script: `printf 'stats\\r\\nquit\\r\\n' |
  timeout ${within('socketAnswer')} socat -t ${within('socketConnect')} - TCP:${host.address}:11211,connect-timeout=${within('socketConnect')} 2>/dev/null || :`,
      reads: [`unit:${unit}`],
      parse: ({ stdout }) => parseStats(stdout),
    }),
    judge: (answers) => {
      const moving = new Map<Takeover, (readonly [string, Answer<CacheStats | undefined>])[]>();
      const findings = [...answers].flatMap(([host, answer]): readonly Finding[] => {
        const takeover = takeoverOf(takeovers, unit, host);
        if (takeover?.runsOn !== 'one') return [ownFinding(host, answer, unit)];
        moving.set(takeover, [...(moving.get(takeover) ?? []), [host, answer]]);
        return [];
      });
      return [...findings, ...[...moving.values()].map(movingFinding)];
    },
  };
}

function ownFinding(host: string, answer: Answer<CacheStats | undefined>, unit: string): Finding {
  const subject = SUBJECT;
  if (!answer.reachable) return { subject, host, healthy: false, evidence: answer.reason };
  if (answer.observed) return { subject, host, healthy: true, evidence: describe(answer.observed) };
  const hint = `see "journalctl -u ${unit}" on ${host}, or run: osha deploy INVENTORY --only memcached`;
  return { subject, host, healthy: false, evidence: 'no answer on port 11211', hint };
}

function describe({ version, connections, bytes }: CacheStats): string {
  return `${version}, ${connections} connections, ${(bytes / 1024 / 1024).toFixed(1)} MiB used`;
}

function movingFinding(answers: readonly (readonly [string, Answer<CacheStats | undefined>])[]): Finding {
  const running = answers.flatMap(([host, answer]) =>
    answer.reachable && answer.observed ? [`${host} (${describe(answer.observed)})`] : [],
  );
  const silent = answers.filter(([, answer]) => !answer.reachable).map(([host]) => host);
  return {
    subject: SUBJECT,
    healthy: running.length === 1,
    evidence: [
      running.length === 0 ? 'answers on no host' : `answers on ${running.join(' and ')}`,
      ...(silent.length > 0 ? [`unreachable: ${silent.join(', ')}`] : []),
    ].join('; '),
    hint: 'the cluster runs it on one host at a time; check pcs status --full, or run: osha deploy INVENTORY --only pacemaker',
  };
}

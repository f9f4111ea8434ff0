import { type Finding, type HealthCheck, type Host, ProbeError, quote } from 'osha';
import { LOG_ADDRESS, LOG_PORT, OWN_LOGS } from './files/conf.ts';

/** The state of logging on one host. */
export interface LoggingView {
  /** The state of rsyslog's unit. */
  readonly unit: string;
  /** Addresses with a listener on the syslog port (UDP). */
  readonly listening: readonly string[];
  /** Seconds since the last write to each existing log file, by path. */
  readonly ages: ReadonlyMap<string, number>;
}

/** Parses the output of the probe. Throws a `ProbeError` when it lacks the state of the unit. */
export function parseLogging(output: string): LoggingView {
  const rows = output.split('\n').map((line) => line.split(' '));
  const values = (key: string): readonly string[] =>
    rows.flatMap(([first, value]) => (first === key && value !== undefined ? [value] : []));
  const [unit] = values('unit');
  const now = Number(values('now')[0]);
  if (unit === undefined) throw new ProbeError(`unexpected probe output, no state of rsyslog: ${output}`);
  const ages = rows.flatMap(([first, path, at]) =>
    first === 'file' && path !== undefined ? [[path, Math.max(0, now - Number(at))] as const] : [],
  );
  return { unit, listening: values('listens'), ages: new Map(ages) };
}

function ageText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

/** Checks that rsyslog runs and listens on loopback on every host; the evidence includes the age of the last log lines. */
export function rsyslogAccepts(hosts: readonly Host[], unit: string): HealthCheck<LoggingView> {
  return {
    scope: 'health',
    title: 'Logging',
    members: hosts,
    probe: () => ({
      script: `state=$(systemctl is-active -- ${quote(unit)} 2>/dev/null)
printf 'unit %s\\n' "\${state:-unknown}"
date '+now %s'
ss -lunH 'sport = :${LOG_PORT}' 2>/dev/null | awk '{ print "listens", $4 }'
stat -c 'file %n %Y' -- ${OWN_LOGS.map(({ path }) => quote(path)).join(' ')} 2>/dev/null || :`,
      reads: [`unit:${unit}`],
      parse: ({ stdout }) => parseLogging(stdout),
    }),
    judge: (answers) =>
      [...answers].map(([host, answer]): Finding => {
        const subject = 'logging';
        if (!answer.reachable) return { subject, host, healthy: false, evidence: answer.reason };
        const { unit: state, listening, ages } = answer.observed;
        const wanted = `${LOG_ADDRESS}:${LOG_PORT}`;
        const unhealthy = (evidence: string): Finding => {
          const hint = `see "journalctl -u ${unit}" on ${host}, or osha deploy INVENTORY --only logging`;
          return { subject, host, healthy: false, evidence, hint };
        };
        if (state !== 'active') return unhealthy(`rsyslog is not running (${state})`);
        if (!listening.includes(wanted)) return unhealthy(`rsyslog is not listening on ${wanted}`);
        const written = [...ages].map(
          ([path, age]) => `${path.split('/').at(-1)} written ${ageText(age)} ago`,
        );
        return { subject, host, healthy: true, evidence: [`listens on ${wanted}`, ...written].join(', ') };
      }),
  };
}

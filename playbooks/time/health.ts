import { type Answers, type Finding, type HealthCheck, type Host, ProbeError, within } from 'osha';
import type { TimeSettings } from './settings.ts';

/** The output of `chronyc -n -c tracking`. */
export interface Tracking {
  /** Address of the server that the host follows; empty for none. */
  readonly source: string;
  /** The host follows its own clock. */
  readonly local: boolean;
  readonly stratum: number;
  readonly offsetMs: number;
  readonly synchronised: boolean;
}

/** The reference ID with which chrony reports its own clock. */
const LOCAL_REFERENCE = '7F7F0101';

/**
 * Parses the output of `chronyc -n -c tracking`; `undefined` where chrony is not running. Throws a `ProbeError` for
 * anything else.
 */
export function parseTracking(output: string): Tracking | undefined {
  const line = output.trim();
  if (line === '' || line === 'down') return undefined;
  const fields = line.split(',');
  const [reference = '', source = '', stratum = '', , offset = ''] = fields;
  if (fields.length < 14) throw new ProbeError(`unexpected output of chronyc tracking: ${line}`);
  return {
    source: reference === LOCAL_REFERENCE || reference === '00000000' ? '' : source,
    local: reference === LOCAL_REFERENCE,
    stratum: Number(stratum),
    offsetMs: Math.abs(Number(offset)) * 1000,
    synchronised: fields[13] !== 'Not synchronised',
  };
}

function offsetText(offsetMs: number): string {
  return offsetMs < 1 ? `${Math.round(offsetMs * 1000)} µs` : `${offsetMs.toFixed(1)} ms`;
}

/**
 * Checks that every host is synchronised, and its clock within `max_offset_ms`. A host that follows its own clock is
 * healthy only as the leader of an isolated deployment. Without `servers`, the time hosts follow `pool`.
 */
export function clocksAgree(
  hosts: readonly Host[],
  timeHosts: readonly Host[],
  { servers, isolated, max_offset_ms }: Pick<TimeSettings, 'servers' | 'isolated' | 'max_offset_ms'>,
  pool: string,
): HealthCheck<Tracking | undefined> {
  const nameOf = (address: string): string => hosts.find((host) => host.address === address)?.name ?? address;

  const judgeOne = (host: string, tracking: Tracking | undefined): Finding => {
    const subject = 'clock';
    if (!tracking) {
      return {
        subject,
        host,
        healthy: false,
        evidence: 'chrony is not running',
        hint: 'osha deploy INVENTORY --only time',
      };
    }
    if (!tracking.synchronised) {
      return {
        subject,
        host,
        healthy: false,
        evidence: 'not synchronised',
        hint: `run "chronyc sources" on ${host}: is UDP port 123 open?`,
      };
    }
    const leads = tracking.local && timeHosts.some((server) => server.name === host);
    const offset = `${offsetText(tracking.offsetMs)} off, stratum ${tracking.stratum}`;
    const evidence = tracking.local
      ? `leads with its own clock, stratum ${tracking.stratum}`
      : `follows ${nameOf(tracking.source)}, ${offset}`;
    if (tracking.local && !leads) {
      const wanted = timeHosts.map((server) => server.name).join(', ');
      return {
        subject,
        host,
        healthy: false,
        evidence,
        hint: `none of its time servers responds: ${wanted}`,
      };
    }
    if (tracking.local && !isolated) {
      const wanted = servers.length === 0 ? pool : servers.join(', ');
      const hint = `no time server responds (${wanted}): run "chronyc sources" on ${host}; is UDP port 123 open? Configure other servers (time.servers), or none: time: { isolated: true }`;
      return { subject, host, healthy: false, evidence, hint };
    }
    if (tracking.offsetMs > max_offset_ms) {
      return {
        subject,
        host,
        healthy: false,
        evidence,
        hint: `allowed: ${max_offset_ms} ms; chrony corrects the clock gradually`,
      };
    }
    return { subject, host, healthy: true, evidence };
  };

  return {
    scope: 'health',
    title: 'Clocks',
    members: hosts,
    probe: () => ({
      script: `timeout ${within('chronyc')} chronyc -n -c tracking 2>/dev/null || echo down`,
      reads: ['unit:chrony'],
      parse: ({ stdout }) => parseTracking(stdout.replace(/down\n$/, '')),
    }),
    judge: (answers: Answers<Tracking | undefined>) => {
      const leaders = [...answers].flatMap(([host, answer]) =>
        answer.reachable && answer.observed?.local ? [host] : [],
      );
      return [...answers].map(([host, answer]): Finding => {
        if (!answer.reachable) return { subject: 'clock', host, healthy: false, evidence: answer.reason };
        const finding = judgeOne(host, answer.observed);
        if (!finding.healthy || leaders.length < 2 || !leaders.includes(host)) return finding;
        const others = leaders.filter((leader) => leader !== host).join(', ');
        const hint = 'they elect one leader once they reach each other on UDP port 123';
        return { ...finding, healthy: false, evidence: `${finding.evidence}; so does ${others}`, hint };
      });
    },
  };
}

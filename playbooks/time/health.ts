import { type Answers, type Finding, type HealthCheck, type Host, ProbeError, within } from 'osha';
import type { TimeSettings } from './settings.ts';

/** What `chronyc -n -c tracking` says; nothing where chrony does not run. */
export interface Tracking {
  /** The server that it follows, by address; empty for none. */
  readonly source: string;
  /** It follows its own clock: it leads the others, or is alone. */
  readonly local: boolean;
  readonly stratum: number;
  readonly offsetMs: number;
  readonly synchronised: boolean;
}

/** How chrony writes "my own clock" as a reference. */
const LOCAL_REFERENCE = '7F7F0101';

/** Understands the answer of `chronyc -n -c tracking`. Throws a `ProbeError` for anything else. */
export function parseTracking(output: string): Tracking | undefined {
  const line = output.trim();
  if (line === '' || line === 'down') return undefined;
  const fields = line.split(',');
  const [reference = '', source = '', stratum = '', , offset = ''] = fields;
  if (fields.length < 14) throw new ProbeError(`chronyc did not say what it tracks, but: ${line}`);
  return {
    source: reference === LOCAL_REFERENCE || reference === '00000000' ? '' : source,
    local: reference === LOCAL_REFERENCE,
    stratum: Number(stratum),
    offsetMs: Math.abs(Number(offset)) * 1000,
    synchronised: fields[13] !== 'Not synchronised',
  };
}

function shown(offsetMs: number): string {
  return offsetMs < 1 ? `${Math.round(offsetMs * 1000)} µs` : `${offsetMs.toFixed(1)} ms`;
}

/**
 * Every host follows a known source and is not further off than it may be. One that follows its own clock is healthy
 * only as the leader of an isolated deployment. `pool` is followed where no servers are named.
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
        evidence: 'chrony does not run',
        hint: 'osha deploy INVENTORY --only time',
      };
    }
    if (!tracking.synchronised) {
      return {
        subject,
        host,
        healthy: false,
        evidence: 'not synchronised',
        hint: `see "chronyc sources" on ${host}: is UDP port 123 open?`,
      };
    }
    const leads = tracking.local && timeHosts.some((server) => server.name === host);
    const off = `${shown(tracking.offsetMs)} off, stratum ${tracking.stratum}`;
    const evidence = tracking.local
      ? `leads with its own clock, stratum ${tracking.stratum}`
      : `follows ${nameOf(tracking.source)}, ${off}`;
    if (tracking.local && !leads) {
      const wanted = timeHosts.map((server) => server.name).join(', ');
      return { subject, host, healthy: false, evidence, hint: `none of its servers answers: ${wanted}` };
    }
    if (tracking.local && !isolated) {
      const wanted = servers.length === 0 ? pool : servers.join(', ');
      const hint = `no time server answers it (${wanted}): see "chronyc sources" on ${host}; is UDP port 123 open? Name others (time.servers), or say that there are none: time: { isolated: true }`;
      return { subject, host, healthy: false, evidence, hint };
    }
    if (tracking.offsetMs > max_offset_ms) {
      return {
        subject,
        host,
        healthy: false,
        evidence,
        hint: `at most ${max_offset_ms} ms; chrony slews it slowly`,
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
        const hint = `they agree on one as soon as they hear each other on UDP port 123`;
        return { ...finding, healthy: false, evidence: `${finding.evidence}, as ${others} does`, hint };
      });
    },
  };
}

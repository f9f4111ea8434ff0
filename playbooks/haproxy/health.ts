import {
  addressIn,
  type Answers,
  type Finding,
  type Frontend,
  type HealthCheck,
  type Host,
  ofThoseThatAnswered,
  ProbeError,
  quote,
  type Takeover,
  takeoverOf,
  type Vip,
  within,
} from 'osha';
import { ADMIN_SOCKET, frontendsOn, ALIVE_PATH, STATS_PORT } from './files/conf.ts';

export interface ServersOptions {
  readonly hosts: readonly Host[];
  readonly frontends: readonly Frontend[];
  readonly vips: readonly Vip[];
  readonly unit: string;
  readonly takeovers: readonly Takeover[];
  /**
   * Whether a cluster that takes over HAProxy has done so. Its phase comes after HAProxy's, and until then HAProxy may
   * run nowhere, or where it ran before.
   */
  readonly taken: 'perhaps' | 'surely';
}

/** The observed state of one host. */
export interface HaproxyState {
  /** Absent if HAProxy does not answer. */
  readonly servers?: readonly ServerState[];
  /** Whether the cluster that takes over HAProxy already runs here and decides where HAProxy runs. */
  readonly managed: boolean;
}

/** HAProxy's status of one server in one section: `UP`, `DOWN`, `MAINT`, `UP 1/2`, and the result of its last check. */
export interface ServerState {
  readonly section: string;
  readonly server: string;
  readonly status: string;
  readonly check: string;
}

/**
 * Checks that HAProxy runs and finds every server of every frontend up, on every host, or on exactly one if a cluster
 * runs it on one host at a time.
 */
export function serversUp(options: ServersOptions): HealthCheck<HaproxyState> {
  const { hosts, frontends, vips, unit, takeovers, taken } = options;
  const exclusive = takeovers.filter((one) => one.unit === unit && one.runsOn === 'one');
  return {
    scope: 'health',
    title: 'HAProxy',
    members: hosts,
    probe: (host) => {
      const by = takeoverOf(takeovers, unit, host.name)?.by;
      const managed =
        by === undefined ? '' : `systemctl is-active --quiet -- ${quote(by)} && echo '${MANAGED}'\n`;
      return {
        script: `${managed}printf 'show stat\\n' | timeout ${within('socketAnswer')} socat -t ${within('socketAnswer')} - UNIX-CONNECT:${ADMIN_SOCKET} 2>/dev/null || :`,
        reads: [`unit:${unit}`, ...(by === undefined ? [] : [`unit:${by}` as const])],
        parse: ({ stdout }) => {
          const [first, ...rest] = stdout.split(`${MANAGED}\n`);
          const servers = parseStat(rest.length > 0 ? rest.join('') : (first ?? ''));
          return { managed: rest.length > 0, ...(servers ? { servers } : {}) };
        },
      };
    },
    judge: (answers) => [
      ...[...answers].flatMap(([host, answer]): readonly Finding[] => {
        const subject = 'HAProxy';
        if (!answer.reachable) return [{ subject, host, healthy: false, evidence: answer.reason }];
        const { servers: states, managed } = answer.observed;
        if (!states) {
          if (takeoverOf(exclusive, unit, host)) return [];
          const takeover = takeoverOf(takeovers, unit, host);
          if (takeover && managed && taken === 'perhaps')
            return [{ subject, host, healthy: true, evidence: `left to ${takeover.by}` }];
          const hint = `see "systemctl status ${unit}" on ${host}`;
          return [{ subject, host, healthy: false, evidence: 'not running', hint }];
        }
        const own = frontendsOn({ name: host }, frontends, vips).filter(
          (frontend) => frontend.servers.length > 0,
        );
        if (own.length === 0)
          return [{ subject, host, healthy: true, evidence: 'running, without frontends' }];
        return own.map((frontend) => judgeFrontend(host, frontend, states, takeovers));
      }),
      ...exclusive.map((takeover) => judgeTakeover(takeover, answers, taken)),
    ],
  };
}

/** Checks from every host in its network that HAProxy answers on each virtual IP. */
export function vipsAnswer(
  hosts: readonly Host[],
  vips: readonly Vip[],
): HealthCheck<ReadonlyMap<string, boolean>> {
  const reachableVips = (host: Host): readonly Vip[] =>
    vips.filter((vip) => vip.holders.includes(host.name) || addressIn(host, vip) !== undefined);
  return {
    scope: 'health',
    title: 'HAProxy through the virtual IPs',
    members: hosts,
    // Uses HAProxy's own page: MariaDB counts connections that send nothing, and blocks their host.
    probe: (host) => ({
      script: reachableVips(host)
        .map(
          ({ name, address }) =>
            `printf '%s %s\\n' ${quote(name)} "$(printf 'GET ${ALIVE_PATH} HTTP/1.0\\r\\n\\r\\n' |
  timeout ${within('socketAnswer')} socat -t ${within('socketConnect')} - TCP:${address}:${STATS_PORT},connect-timeout=${within('socketConnect')} 2>/dev/null | head -n 1)"`,
        )
        .join('\n'),
      reads: vips.map((vip) => `cluster:vip-${vip.name}` as const),
      parse: ({ stdout }) =>
        new Map(
          reachableVips(host).map(
            ({ name }) => [name, new RegExp(`^${name} HTTP/\\S+ 200`, 'm').test(stdout)] as const,
          ),
        ),
    }),
    judge: (answers) => vips.map((vip) => judgeVip(vip, answers)),
  };
}

/** Parses `show stat`; undefined if HAProxy does not answer. Throws a `ProbeError` for a table without a header. */
export function parseStat(output: string): readonly ServerState[] | undefined {
  const [head = '', ...lines] = output.trim().split('\n');
  if (head === '') return undefined;
  const columns = head.replace(/^# /, '').split(',');
  if (!columns.includes('pxname') || !columns.includes('status')) {
    throw new ProbeError(`unexpected output of "show stat": ${head}`);
  }
  return lines
    .filter((line) => line.includes(','))
    .map((line) => {
      const cells = line.split(',');
      const cell = (name: string): string => cells[columns.indexOf(name)] ?? '';
      const check = [cell('check_status').replace('* ', ''), cell('check_code')].filter(
        (part) => part !== '',
      );
      return {
        section: cell('pxname'),
        server: cell('svname'),
        status: cell('status'),
        check: check.join(' '),
      };
    });
}

/**
 * Judges the servers of a frontend. Where a cluster manager moves the service between servers, one that is up is
 * enough.
 */
function judgeFrontend(
  host: string,
  frontend: Frontend,
  states: readonly ServerState[],
  takeovers: readonly Takeover[],
): Finding {
  const subject = `servers of ${frontend.name}`;
  const known = states.filter((state) => state.section === frontend.name);
  const isUp = (name: string): boolean =>
    known.some((one) => one.server === name && one.status.startsWith('UP'));
  const takeover = ({ host: name }: { readonly host: string }): Takeover | undefined =>
    takeoverOf(takeovers, frontend.unit ?? '', name);
  const up = frontend.servers.filter((server) => isUp(server.host));
  const elsewhere = frontend.servers.filter((server) => {
    const moved = takeover(server);
    return !up.includes(server) && moved?.runsOn === 'one' && up.some((other) => takeover(other) === moved);
  });
  const unwell = frontend.servers.flatMap((server) => {
    const state = known.find((one) => one.server === server.host);
    if (up.includes(server) || elsewhere.includes(server)) return [];
    return [
      `${server.host} ${state ? [state.status, state.check].filter((part) => part !== '').join(' ') : 'not known'}`,
    ];
  });
  const where = elsewhere.length > 0 ? `, on ${up.map((server) => server.host).join(' and ')}` : '';
  const count = `${up.length} of ${frontend.servers.length} up${where}`;
  const evidence = `${count}${unwell.length > 0 ? `: ${unwell.join(', ')}` : ''}`;
  if (unwell.length === 0) return { subject, host, healthy: true, evidence };
  const hint =
    known.length === 0
      ? `HAProxy runs on an older configuration: osha deploy INVENTORY --only haproxy`
      : `see ${frontend.name} on ${unwell.map((one) => one.split(' ')[0]).join(', ')}`;
  return { subject, host, healthy: false, evidence, hint };
}

/** First line of the probe's output if that cluster runs. */
const MANAGED = '-- managed';

/** Judges whether HAProxy runs on exactly one host. */
function judgeTakeover(
  takeover: Takeover,
  answers: Answers<HaproxyState>,
  taken: ServersOptions['taken'],
): Finding {
  const subject = 'HAProxy on one host';
  const running = takeover.hosts.filter((host) => {
    const answer = answers.get(host);
    return answer?.reachable && answer.observed.servers !== undefined;
  });
  const answered = takeover.hosts.filter((host) => answers.get(host)?.reachable);
  const partly = ofThoseThatAnswered(answered.length, takeover.hosts.length);
  const evidence = `${running.length === 0 ? 'not running on any host' : `running on ${running.join(', ')}`}${partly}`;
  if (running.length === 1 || taken === 'perhaps') {
    const later = running.length === 1 ? '' : `: left to ${takeover.by}`;
    return { subject, healthy: true, evidence: `${evidence}${later}` };
  }
  return {
    subject,
    healthy: false,
    evidence,
    hint: `${takeover.by} has to run it on one host; see: osha status INVENTORY`,
  };
}

function judgeVip(vip: Vip, answers: Answers<ReadonlyMap<string, boolean>>): Finding {
  const asked = [...answers].flatMap(([host, answer]) => {
    const answered = answer.reachable ? answer.observed.get(vip.name) : undefined;
    return answered === undefined ? [] : [{ host, answered }];
  });
  const refused = asked.filter(({ answered }) => !answered).map(({ host }) => host);
  const subject = `virtual IP ${vip.name}`;
  if (asked.length > 0 && refused.length === 0) {
    return { subject, healthy: true, evidence: `HAProxy answers on ${vip.address}` };
  }
  if (asked.length === 0) {
    return { subject, healthy: false, unknown: true, evidence: 'unknown: no host in its network answered' };
  }
  const evidence = `no answer on ${vip.address} from ${refused.join(', ')}`;
  return { subject, healthy: false, evidence, hint: 'see which host holds it: osha status INVENTORY' };
}

import { ProbeError, quote } from 'osha';
import type { Finding, Frontend, HealthCheck, Host, Vip } from 'osha';
import { ADMIN_SOCKET, ALIVE_PATH, frontendsOn, STATS_PORT } from './conf.ts';

/** What HAProxy says of one server of one section: `UP`, `DOWN`, `MAINT`, `UP 1/2`, and what its last check found. */
export interface ServerState {
  readonly section: string;
  readonly server: string;
  readonly status: string;
  readonly check: string;
}

/** Understands `show stat`; nothing where HAProxy does not answer. Throws a `ProbeError` for a table without names. */
export function parseStat(output: string): readonly ServerState[] | undefined {
  const [head = '', ...lines] = output.trim().split('\n');
  if (head === '') return undefined;
  const columns = head.replace(/^# /, '').split(',');
  if (!columns.includes('pxname') || !columns.includes('status')) {
    throw new ProbeError(`HAProxy did not say what its servers do, but: ${head}`);
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

function judgeFrontend(host: string, frontend: Frontend, states: readonly ServerState[]): Finding {
  const subject = `servers of ${frontend.name}`;
  const known = states.filter((state) => state.section === frontend.name);
  const unwell = frontend.servers.flatMap((server) => {
    const state = known.find((one) => one.server === server.host);
    if (state?.status.startsWith('UP')) return [];
    return [
      `${server.host} ${state ? [state.status, state.check].filter((part) => part !== '').join(' ') : 'not known'}`,
    ];
  });
  const total = frontend.servers.length;
  const evidence = `${total - unwell.length} of ${total} up${unwell.length > 0 ? `: ${unwell.join(', ')}` : ''}`;
  if (unwell.length === 0) return { subject, host, healthy: true, evidence };
  const hint =
    known.length === 0
      ? `HAProxy runs on an older configuration: deploy with --only haproxy`
      : `look at ${frontend.name} on ${unwell.map((one) => one.split(' ')[0]).join(', ')}`;
  return { subject, host, healthy: false, evidence, hint };
}

/** On every host HAProxy runs and finds every server of every frontend up. */
export function serversUp(
  hosts: readonly Host[],
  frontends: readonly Frontend[],
  vips: readonly Vip[],
  unit: string,
): HealthCheck<readonly ServerState[] | undefined> {
  return {
    scope: 'health',
    title: 'HAProxy',
    members: hosts,
    probe: () => ({
      script: `printf 'show stat\\n' | timeout 5 socat -t 5 - UNIX-CONNECT:${ADMIN_SOCKET} 2>/dev/null || :`,
      reads: [`unit:${unit}`],
      parse: ({ stdout }) => parseStat(stdout),
    }),
    judge: (answers) =>
      [...answers].flatMap(([host, answer]): readonly Finding[] => {
        const subject = 'HAProxy';
        if (!answer.reachable) return [{ subject, host, healthy: false, evidence: answer.reason }];
        if (!answer.observed) {
          const hint = `see "systemctl status ${unit}" on ${host}`;
          return [{ subject, host, healthy: false, evidence: 'does not run', hint }];
        }
        const states = answer.observed;
        const own = frontendsOn({ name: host }, frontends, vips);
        if (own.length === 0) return [{ subject, host, healthy: true, evidence: 'runs, nothing behind it' }];
        return own.map((frontend) => judgeFrontend(host, frontend, states));
      }),
  };
}

/** By every host's own attempt: which virtual IPs a living HAProxy answered on. */
export function vipsAnswer(
  hosts: readonly Host[],
  vips: readonly Vip[],
): HealthCheck<ReadonlyMap<string, boolean>> {
  return {
    scope: 'health',
    title: 'HAProxy through the virtual IPs',
    members: hosts,
    // HAProxy's own page is asked: MariaDB counts connections that say nothing, and shuts their host out.
    probe: () => ({
      script: vips
        .map(
          ({ name, address }) =>
            `printf '%s %s\\n' ${quote(name)} "$(printf 'GET ${ALIVE_PATH} HTTP/1.0\\r\\n\\r\\n' |
  timeout 5 socat -t 3 - TCP:${address}:${STATS_PORT},connect-timeout=3 2>/dev/null | head -n 1)"`,
        )
        .join('\n'),
      reads: vips.map((vip) => `cluster:vip-${vip.name}` as const),
      parse: ({ stdout }) =>
        new Map(
          vips.map(({ name }) => [name, new RegExp(`^${name} HTTP/\\S+ 200`, 'm').test(stdout)] as const),
        ),
    }),
    judge: (answers) =>
      vips.map((vip) => {
        const asked = [...answers].filter(([, answer]) => answer.reachable);
        const refused = asked.filter(([, answer]) => answer.reachable && !answer.observed.get(vip.name));
        const subject = `virtual IP ${vip.name}`;
        if (asked.length > 0 && refused.length === 0) {
          return { subject, healthy: true, evidence: `HAProxy answers on ${vip.address}` };
        }
        const evidence =
          asked.length === 0
            ? 'no host could be asked'
            : `no answer on ${vip.address} from ${refused.map(([host]) => host).join(', ')}`;
        return { subject, healthy: false, evidence, hint: 'see who holds it: "osha status"' };
      }),
  };
}

import { type Answers, type Finding, type HealthCheck, type Host, LIMITS } from 'osha';
import {
  apiJob,
  apiProbe,
  apiProbeScript,
  readAnswers,
  type ApiAnswer,
  type ApiRequest,
  type ApiSession,
} from './api-session.ts';
import { releaseOf, versionScript, isGood } from './http-health.ts';

/** An API that runs on several hosts behind one virtual IP. */
export interface ApiService {
  /** Its usual name: "Nova". */
  readonly title: string;
  /** Its type in the catalogue. */
  readonly type: string;
  readonly hosts: readonly Host[];
  readonly port: number;
  /** The path of its endpoint's URL. */
  readonly root: string;
  /** A path below `root` whose answer needs the database. Absent for Keystone, where a login is tried instead. */
  readonly asks?: string;
  /** The package whose version is shown. */
  readonly package: string;
  /** The agents expected in the list that `asks` returns. */
  readonly agents?: readonly ExpectedAgent[];
}

/** A kind of agent, named as in its service's list, and where it should run. */
export interface ExpectedAgent {
  readonly kind: string;
  readonly hosts: readonly Host[];
  /** The unit that runs it. */
  readonly unit: string;
  /** It runs on one of these hosts at a time; entries of the others may still be listed. */
  readonly one?: true;
}

/** An agent as its service lists it. */
export interface Agent {
  readonly kind: string;
  readonly host: string;
  /** Its heartbeat is recent. */
  readonly alive: boolean;
  /** False if an operator disabled it. */
  readonly enabled: boolean;
}

/** What one host observed of a service. */
export interface ApiState {
  readonly version: string;
  /** The API at the host's own address. Absent if the service does not run on this host. */
  readonly own?: ApiAnswer;
  /** The API at the virtual IP. */
  readonly behindVip: ApiAnswer;
  readonly agents?: readonly Agent[];
}

/** Seconds for each request; a healthy API answers within one. */
const REQUEST_SECONDS = LIMITS.apiHealthRequest;

/**
 * Healthy if the service answers a request that needs its database, on each of its hosts and at the virtual IP, and lists
 * its expected agents as alive. `all` are all services of the deployment: their probes are identical on a host, so that
 * one login serves them all.
 */
export function apiHealth(
  session: ApiSession,
  all: readonly ApiService[],
  service: ApiService,
): HealthCheck<ApiState> {
  return {
    scope: 'health',
    title: service.title,
    members: service.hosts,
    probe: (host) => {
      const here = all.filter(({ hosts }) => hosts.some(({ name }) => name === host.name));
      const requests = [...here.map((one) => ownRequest(session, one, host)), ...here.map(vipRequest)];
      const index = here.indexOf(service);
      return {
        script: `${apiProbeScript}
${here.map((one) => `printf 'version %s\\n' "$(${versionScript(one.package)})"`).join('\n')}`,
        input: apiJob(session, requests, { together: 3, seconds: REQUEST_SECONDS }),
        reads: ['cluster:identity'],
        parse: ({ stdout }) => {
          const lines = stdout.split('\n');
          const versions = lines.filter((line) => line.startsWith('version '));
          const { login, answers } = readAnswers(lines.filter((line) => line.startsWith('{')).join('\n'));
          const behindVip = service.asks === undefined ? login : (answers[here.length + index] ?? login);
          const agents = service.agents ? agentsOf(behindVip.body) : undefined;
          return {
            version: (versions[index] ?? '').slice('version '.length),
            own: answers[index] ?? login,
            behindVip,
            ...(agents ? { agents } : {}),
          };
        },
      };
    },
    judge: (answers) => [...ownFindings(service, answers), ...sharedFindings(service, answers)],
  };
}

/** A service's list of agents. */
export interface AgentList {
  readonly title: string;
  /** The service's type in the catalogue. */
  readonly type: string;
  /** The path of the list below the service's endpoint. */
  readonly path: string;
  readonly agents: readonly ExpectedAgent[];
  /** Hosts to query from; the first answer counts. */
  readonly from: readonly Host[];
}

/** Healthy if a service lists all expected agents as alive. */
export function agentsAlive(session: ApiSession, list: AgentList): HealthCheck<readonly Agent[] | ApiAnswer> {
  const { title, type, path, agents, from } = list;
  return {
    scope: 'health',
    title,
    members: from,
    probe: () =>
      apiProbe(session, [{ service: type, path }], ['cluster:identity'], ({ login, answers }) => {
        const [answer = login] = answers;
        return agentsOf(answer.body) ?? answer;
      }),
    judge: (answers) => {
      let reason = 'no host to query from';
      for (const [host, answer] of answers) {
        if (!answer.reachable) reason = `${host}: ${answer.reason}`;
        else if ('status' in answer.observed)
          reason = `asked from ${host}: ${describeAnswer(answer.observed)}`;
        else return agentFindings(agents, answer.observed);
      }
      return [{ subject: 'agents', healthy: false, evidence: reason }];
    },
  };
}

interface RawAgent {
  readonly binary?: string;
  readonly agent_type?: string;
  readonly host: string;
  readonly state?: string;
  readonly status?: string;
  readonly alive?: boolean;
  readonly admin_state_up?: boolean;
}

function ownRequest(session: ApiSession, { asks, port, root }: ApiService, host: Host): ApiRequest {
  const url = `http://${host.address}:${port}${root}`;
  return asks === undefined
    ? { login: { user: session.user, password: session.password, url } }
    : { url: `${url}${asks}` };
}

/** The request through the virtual IP. Keystone is judged by the job's own login, so its answer here is not used. */
function vipRequest({ type, asks = '' }: ApiService): ApiRequest {
  return { service: type, path: asks };
}

/** Describes an answer that is not healthy. */
function describeAnswer({ status, error, body }: ApiAnswer): string {
  if (status === 0) return `no answer${error === undefined ? '' : `: ${error}`}`;
  const said = error ?? (body === undefined || body === null ? '' : JSON.stringify(body));
  return `answers ${status} ${said}`.trim().slice(0, 200);
}

function ownFindings({ port }: ApiService, answers: Answers<ApiState>): readonly Finding[] {
  return [...answers].map(([host, answer]): Finding => {
    const subject = 'API';
    if (!answer.reachable) return { subject, host, healthy: false, evidence: answer.reason };
    const { own: said, version } = answer.observed;
    if (said && isGood(said)) {
      return {
        subject,
        host,
        healthy: true,
        evidence: `${releaseOf(version)}, answers in ${said.ms ?? 0} ms`,
      };
    }
    const evidence = `${said ? describeAnswer(said) : 'no answer'} (port ${port})`;
    return { subject, host, healthy: false, evidence, hint: `check its log on ${host}` };
  });
}

/** Findings about the service as a whole. Any host's list of agents will do; the virtual IP must be healthy from every host. */
function sharedFindings(service: ApiService, answers: Answers<ApiState>): readonly Finding[] {
  const asked = [...answers].flatMap(([host, answer]) =>
    answer.reachable ? [[host, answer.observed] as const] : [],
  );
  if (asked.length === 0) return [];
  const subject = 'API at the virtual IP';
  const bad = asked.find(([, { behindVip }]) => !isGood(behindVip));
  const slowest = Math.max(...asked.map(([, { behindVip }]) => behindVip.ms ?? 0));
  const vip: Finding = bad
    ? { subject, healthy: false, evidence: `asked from ${bad[0]}: ${describeAnswer(bad[1].behindVip)}` }
    : { subject, healthy: true, evidence: `answers in ${slowest} ms` };
  const agents = asked.map(([, state]) => state.agents).find((found) => found !== undefined);
  return [vip, ...(service.agents && agents ? agentFindings(service.agents, agents) : [])];
}

/** The agents in a response of Nova's or Cinder's `os-services` or of Neutron's `agents`; undefined for any other response. */
export function agentsOf(body: unknown): readonly Agent[] | undefined {
  const { services, agents } = (body ?? {}) as {
    readonly services?: readonly RawAgent[];
    readonly agents?: readonly RawAgent[];
  };
  return (services ?? agents)?.map((raw) => ({
    // Neutron has both fields, and its agents are known by the first.
    kind: raw.agent_type ?? raw.binary ?? '',
    host: raw.host,
    alive: raw.state === undefined ? raw.alive === true : raw.state === 'up',
    enabled: raw.status === undefined ? raw.admin_state_up !== false : raw.status === 'enabled',
  }));
}

/** One finding per kind if all of its agents are alive, else one per agent that is not. */
export function agentFindings(
  expected: readonly ExpectedAgent[],
  found: readonly Agent[],
): readonly Finding[] {
  return expected.flatMap(({ kind, hosts, unit, one = false }): readonly Finding[] => {
    if (one) return [movingFinding(kind, hosts, found)];
    const bad = hosts.flatMap(({ name }): readonly Finding[] => {
      const agent = found.find((one) => one.kind === kind && one.host === name);
      if (agent?.alive === true) return [];
      const evidence = agent ? 'no recent heartbeat' : 'not in the list of agents';
      const hint = `on ${name}, check its log and: systemctl status ${unit}`;
      return [{ subject: kind, host: name, healthy: false, evidence, hint }];
    });
    if (bad.length > 0) return bad;
    const disabled = found.filter((one) => one.kind === kind && !one.enabled).map(({ host }) => host);
    const note = disabled.length === 0 ? '' : `; disabled: ${disabled.join(', ')}`;
    return [{ subject: kind, healthy: true, evidence: `${hosts.length} of ${hosts.length} alive${note}` }];
  });
}

/** The finding for agents of which a cluster manager runs one at a time. */
function movingFinding(kind: string, hosts: readonly Host[], found: readonly Agent[]): Finding {
  const all = hosts.map(({ name }) => name);
  const alive = all.filter((name) =>
    found.some((one) => one.kind === kind && one.host === name && one.alive),
  );
  // An agent that was just moved away counts as alive for another minute.
  if (alive.length > 0) {
    return {
      subject: kind,
      healthy: true,
      evidence: `alive on ${alive.join(' and ')}, one of ${all.join(', ')}`,
    };
  }
  return {
    subject: kind,
    healthy: false,
    evidence: `no recent heartbeat on any of ${all.join(', ')}`,
    hint: 'check where the cluster runs it: pcs status --full',
  };
}

import { type Answers, type Finding, type HealthCheck, type Host, LIMITS } from 'osha';
import { agentFindings, agentsOf, type Agent, type ExpectedAgent } from './agents.ts';
import {
  apiJob,
  apiProbe,
  apiProbeScript,
  readAnswers,
  type ApiAnswer,
  type ApiRequest,
  type ApiSession,
} from './api-session.ts';
import { isGood } from './http-probe.ts';
import { releaseOf, versionScript } from './release.ts';

/** An API that runs on several hosts behind one virtual IP. */
export interface ApiService {
  /** What people call it: "Nova". */
  readonly title: string;
  /** Its type in the catalogue. */
  readonly type: string;
  readonly hosts: readonly Host[];
  readonly port: number;
  /** What its endpoint's URL ends in. */
  readonly root: string;
  /** Below that: a question that it cannot answer without its database. Absent for Keystone, which is asked for a token. */
  readonly asks?: string;
  /** The package whose version is told. */
  readonly package: string;
  /** What has to be in the list of agents that `asks` answers with. */
  readonly agents?: readonly ExpectedAgent[];
}

/** What one host found out about a service. */
export interface ApiState {
  readonly version: string;
  /** Its own API, asked at its own address. Absent where the service does not run on this host. */
  readonly own?: ApiAnswer;
  /** The API behind the virtual IP. */
  readonly behindVip: ApiAnswer;
  readonly agents?: readonly Agent[];
}

/** Seconds for each request: a healthy API answers within one. */
const REQUEST_SECONDS = LIMITS.apiHealthRequest;

/**
 * A service is asked what it needs its database for, on each of its hosts and through the virtual IP; and its agents are
 * those that it itself counts as alive. `all` are all services of the deployment: whoever asks for several of them gets
 * them with one login per host.
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
    judge: (answers) => [...own(service, answers), ...shared(service, answers)],
  };
}

function ownRequest(session: ApiSession, { asks, port, root }: ApiService, host: Host): ApiRequest {
  const url = `http://${host.address}:${port}${root}`;
  return asks === undefined
    ? { login: { user: session.user, password: session.password, url } }
    : { url: `${url}${asks}` };
}

/** Keystone's own answer is the login itself, and a second one is not asked for. */
function vipRequest({ type, asks = '' }: ApiService): ApiRequest {
  return { service: type, path: asks };
}

/** Of an answer that is no good: what came instead. */
function whatCame({ status, error, body }: ApiAnswer): string {
  if (status === 0) return `no answer: ${error ?? 'nothing came'}`;
  const said = error ?? (body === undefined || body === null ? '' : JSON.stringify(body));
  return `answers ${status} ${said}`.trim().slice(0, 200);
}

function own({ port }: ApiService, answers: Answers<ApiState>): readonly Finding[] {
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
    const evidence = `${said ? whatCame(said) : 'no answer'} (port ${port})`;
    return { subject, host, healthy: false, evidence, hint: `see its log on ${host}` };
  });
}

/** What is about the service as a whole: it is the same whoever asks, so the best answer counts for the agents, and every one for the virtual IP. */
function shared(service: ApiService, answers: Answers<ApiState>): readonly Finding[] {
  const asked = [...answers].flatMap(([host, answer]) =>
    answer.reachable ? [[host, answer.observed] as const] : [],
  );
  if (asked.length === 0) return [];
  const subject = 'API at the virtual IP';
  const bad = asked.find(([, { behindVip }]) => !isGood(behindVip));
  const slowest = Math.max(...asked.map(([, { behindVip }]) => behindVip.ms ?? 0));
  const vip: Finding = bad
    ? { subject, healthy: false, evidence: `asked from ${bad[0]}: ${whatCame(bad[1].behindVip)}` }
    : { subject, healthy: true, evidence: `answers in ${slowest} ms` };
  const agents = asked.map(([, state]) => state.agents).find((found) => found !== undefined);
  return [vip, ...(service.agents && agents ? agentFindings(service.agents, agents) : [])];
}

/** A list of agents in a service's own answer. */
export interface AgentList {
  readonly title: string;
  /** The service's type in the catalogue. */
  readonly type: string;
  /** Where the list is, below its endpoint. */
  readonly path: string;
  readonly agents: readonly ExpectedAgent[];
  /** Hosts that may ask; the first that gets an answer counts. */
  readonly from: readonly Host[];
}

/** A service hears of every agent that there should be. */
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
      let reason = 'no host could be asked';
      for (const [host, answer] of answers) {
        if (!answer.reachable) reason = `${host}: ${answer.reason}`;
        else if ('status' in answer.observed) reason = `asked from ${host}: ${whatCame(answer.observed)}`;
        else return agentFindings(agents, answer.observed);
      }
      return [{ subject: 'agents', healthy: false, evidence: reason }];
    },
  };
}

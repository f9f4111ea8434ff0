import { type Answers, type Host, type Life, type Spare, step } from 'osha';
import type { ApiAnswer, ApiSession } from '../openstack/operations/api-session.ts';
import { forgotten as agentsForgotten } from '../openstack/operations/network-agents.ts';
import { forgotten, scheduling } from './scheduling.ts';
import { firstVerdict, spareByApi } from '../openstack/operations/api-spare.ts';

/** How compute hosts come and go. `control` are the hosts to ask Nova from. */
export function life(computes: readonly Host[], control: readonly Host[], session: ApiSession): Life {
  const schedule = (title: string, { name }: Host, wanted: 'drained' | 'ready') =>
    step(title, scheduling(session, name, wanted), { hosts: control });
  const onServersOf = ({ name }: Host, judge: (answers: Answers<ApiAnswer>) => Spare) =>
    spareByApi({
      control,
      session,
      question: {
        service: 'compute',
        path: `/servers/detail?all_tenants=1&host=${encodeURIComponent(name)}`,
      },
      judge,
    });
  return {
    // Its servers do not move on their own: a drain only keeps others away.
    okToDrain: () => [],
    // Servers keep running while the agents that manage them restart.
    okToRestart: () => [],
    drain: (host) =>
      computes.includes(host) ? [schedule(`Start no servers on ${host.name}`, host, 'drained')] : [],
    leave: (host) => {
      const on = { hosts: control.filter((other) => other !== host) };
      if (control.includes(host) && !computes.includes(host)) {
        return [step(`Remove the services of ${host.name}`, forgotten(session, host.name), on)];
      }
      if (!computes.includes(host)) return [];
      return [
        step(`Remove the services of ${host.name}`, forgotten(session, host.name), on),
        // Each compute host runs the agent that connects its servers.
        step(`Remove the agents of ${host.name}`, agentsForgotten(session, host.name), on),
      ];
    },
    undrain: (host) =>
      computes.includes(host) ? [schedule(`Start servers on ${host.name} again`, host, 'ready')] : [],
    okToStop: (host) => [onServersOf(host, judgeSpare)],
    // Nova keeps the service of a host that has servers, running or not.
    okToLeave: (host) => [onServersOf(host, judgeLeave)],
  };
}

interface RawServer {
  readonly name: string;
  readonly status: string;
}

/** Whether no server runs on a compute host, as Nova lists them. Pure. */
export function judgeSpare(answers: Answers<ApiAnswer>): Spare {
  return firstVerdict('Nova', answers, ({ status, body }) => {
    const { servers } = (body ?? {}) as { readonly servers?: readonly RawServer[] };
    if (status !== 200 || !servers) return undefined;
    // A server that is shut off, shelved or in error has nothing that could stop.
    const running = servers.filter(({ status: state }) => !IDLE.includes(state));
    if (running.length === 0) return { verdict: 'spared', evidence: 'no server runs on it' };
    return {
      verdict: 'needed',
      evidence: `${running.length === 1 ? '1 server runs' : `${running.length} servers run`} on it: ${namesOf(running)}`,
      hint: 'move or stop them first: openstack server list --all-projects --host HOST',
    };
  });
}

/** Whether Nova places no server on a compute host, running or not. Pure. */
export function judgeLeave(answers: Answers<ApiAnswer>): Spare {
  return firstVerdict('Nova', answers, ({ status, body }) => {
    const { servers } = (body ?? {}) as { readonly servers?: readonly RawServer[] };
    if (status !== 200 || !servers) return undefined;
    if (servers.length === 0) return { verdict: 'spared', evidence: 'it has no servers' };
    return {
      verdict: 'needed',
      evidence: `it has ${servers.length === 1 ? '1 server' : `${servers.length} servers`}: ${namesOf(servers)}`,
      hint: 'migrate or delete them first: openstack server list --all-projects --host HOST',
    };
  });
}

function namesOf(servers: readonly RawServer[]): string {
  const names = servers.slice(0, MOST_NAMES).map(({ name }) => name);
  return `${names.join(', ')}${servers.length > names.length ? ` and ${servers.length - names.length} more` : ''}`;
}

const IDLE: readonly string[] = [
  'SHUTOFF',
  'SHELVED',
  'SHELVED_OFFLOADED',
  'ERROR',
  'DELETED',
  'SOFT_DELETED',
];

/** Servers to name; of more only the number. */
const MOST_NAMES = 5;

import { type Operation, ProbeError } from 'osha';
import {
  API_SCRIPT,
  apiJob,
  apiProbe,
  type ApiAnswer,
  type ApiRequest,
  type ApiSession,
} from './api-session.ts';

/** An agent as Neutron lists it. */
export interface ListedAgent {
  readonly id: string;
  readonly kind: string;
  readonly enabled: boolean;
  /** osha disabled it. */
  readonly drained: boolean;
}

/** The agents that serve servers on other hosts too. Those that connect a host's own servers keep running. */
const KINDS: readonly string[] = ['L3 agent', 'DHCP agent'];

/** Marks an agent as disabled by osha: one that somebody else disabled is not enabled again. */
export const DRAINED = 'drained by osha';

/**
 * Neutron uses no router and no DHCP server on a host (`drained`), or may again. An agent that is disabled gives up what it
 * has: another host of each router takes over (VRRP), and the other DHCP servers of a network keep answering.
 */
export function scheduling(
  session: ApiSession,
  host: string,
  wanted: 'drained' | 'ready',
): Operation<readonly ListedAgent[]> {
  return {
    scope: 'host',
    title: wanted === 'drained' ? `Neutron uses no agent on ${host}` : `Neutron uses the agents on ${host}`,
    runsOnce: true,
    probe: apiProbe(session, [agentsOn(host)], ['cluster:neutron/agents'], ({ login, answers }) =>
      agentsIn(answers[0] ?? login),
    ),
    decide: (agents) => {
      const changing = agents.filter(({ enabled, drained }) =>
        wanted === 'drained' ? enabled : !enabled && drained,
      );
      if (changing.length === 0) return [];
      const kinds = changing.map(({ kind }) => kind).join(' and ');
      return [
        {
          summary:
            wanted === 'drained' ? `disable the ${kinds} of ${host}` : `enable the ${kinds} of ${host}`,
          script: API_SCRIPT,
          input: apiJob(
            session,
            changing.map(({ id }) => ({
              service: 'network',
              method: 'PUT',
              path: `/v2.0/agents/${id}`,
              body: {
                agent: {
                  admin_state_up: wanted === 'ready',
                  description: wanted === 'drained' ? DRAINED : '',
                },
              },
            })),
            { together: 0 },
          ),
          touches: ['cluster:neutron/agents'],
        },
      ];
    },
  };
}

/** Neutron forgets the agents of a host that has stopped for good. */
export function forgotten(session: ApiSession, host: string): Operation<readonly RawAgent[]> {
  return {
    scope: 'host',
    title: `Neutron does not know ${host}`,
    runsOnce: true,
    probe: apiProbe(session, [agentsOn(host)], ['cluster:neutron/agents'], ({ login, answers }) =>
      listed(answers[0] ?? login),
    ),
    decide: (agents) =>
      agents.length === 0
        ? []
        : [
            {
              summary: `remove the agents of ${host} (${agents.map((agent) => agent.agent_type).join(', ')})`,
              script: API_SCRIPT,
              input: apiJob(
                session,
                agents.map(({ id }) => ({
                  service: 'network',
                  method: 'DELETE',
                  path: `/v2.0/agents/${id}`,
                })),
                { together: 0 },
              ),
              touches: ['cluster:neutron/agents'],
            },
          ],
  };
}

function agentsOn(host: string): ApiRequest {
  return { service: 'network', path: `/v2.0/agents?host=${encodeURIComponent(host)}` };
}

interface RawAgent {
  readonly id: string;
  readonly agent_type: string;
  readonly admin_state_up: boolean;
  readonly description?: string | null;
}

function listed({ status, body, error }: ApiAnswer): readonly RawAgent[] {
  const { agents } = (body ?? {}) as { readonly agents?: readonly RawAgent[] };
  if (status !== 200 || !agents) {
    throw new ProbeError(`could not ask Neutron: ${error ?? `it answers ${status}`}`);
  }
  return agents;
}

/** Throws `ProbeError` if Neutron does not answer. */
export function agentsIn(answer: ApiAnswer): readonly ListedAgent[] {
  return listed(answer)
    .filter((agent) => KINDS.includes(agent.agent_type))
    .map((agent) => ({
      id: agent.id,
      kind: agent.agent_type,
      enabled: agent.admin_state_up,
      drained: agent.description === DRAINED,
    }));
}

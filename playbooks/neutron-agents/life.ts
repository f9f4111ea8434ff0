import { type Answers, type Host, type Life, type Spare, step } from 'osha';
import { agentsOf } from '../openstack/operations/api-health.ts';
import type { ApiAnswer, ApiSession } from '../openstack/operations/api-session.ts';
import { forgotten, scheduling } from '../openstack/operations/network-agents.ts';
import { firstVerdict, spareByApi } from '../openstack/operations/api-spare.ts';

/** The agents that serve the networks of all servers, and of which another host must have one. */
const KINDS: readonly string[] = ['L3 agent', 'DHCP agent', 'Metadata agent'];

/** How network hosts come and go. `control` are the hosts to ask Neutron from. */
export function life(networks: readonly Host[], control: readonly Host[], session: ApiSession): Life {
  const schedule = (title: string, { name }: Host, wanted: 'drained' | 'ready') =>
    step(title, scheduling(session, name, wanted), { hosts: control });
  return {
    drain: (host) =>
      networks.includes(host)
        ? [schedule(`Move routers and DHCP away from ${host.name}`, host, 'drained')]
        : [],
    leave: (host) =>
      networks.includes(host)
        ? [
            step(`Remove the agents of ${host.name}`, forgotten(session, host.name), {
              hosts: control.filter((other) => other !== host),
            }),
          ]
        : [],
    undrain: (host) =>
      networks.includes(host) ? [schedule(`Let ${host.name} run routers and DHCP`, host, 'ready')] : [],
    okToStop: (host) => [
      spareByApi({
        control,
        session,
        question: { service: 'network', path: '/v2.0/agents' },
        judge: (answers) => judgeSpare(host.name, answers),
      }),
    ],
  };
}

/** Whether another host has an agent of each kind that is alive and enabled. Pure. */
export function judgeSpare(host: string, answers: Answers<ApiAnswer>): Spare {
  return firstVerdict('Neutron', answers, ({ body }) => {
    const agents = agentsOf(body);
    if (!agents) return undefined;
    const others = agents.filter((agent) => agent.host !== host && agent.alive && agent.enabled);
    const lacking = KINDS.filter((kind) => !others.some((agent) => agent.kind === kind));
    if (lacking.length > 0) {
      return {
        verdict: 'needed',
        evidence: `no other host has a live ${lacking.join(', ')}`,
        hint: 'bring the other network hosts back first: osha deploy INVENTORY --only neutron-agents',
      };
    }
    const routers = others.filter(({ kind }) => kind === 'L3 agent').map((agent) => agent.host);
    return { verdict: 'spared', evidence: `agents are alive on ${routers.join(', ')}` };
  });
}

import { type Answers, type Host, type Life, type Spare, spareCheck } from 'osha';
import { agentsOf } from '../openstack/operations/api-health.ts';
import { apiProbe, type ApiAnswer, type ApiSession } from '../openstack/operations/api-session.ts';

/** The agents that serve the networks of all servers, and of which another host must have one. */
const KINDS: readonly string[] = ['L3 agent', 'DHCP agent', 'Metadata agent'];

/** How network hosts come and go. `control` are the hosts to ask Neutron from. */
export function life(control: readonly Host[], session: ApiSession): Life {
  return {
    okToStop: (host) => [
      spareCheck({
        members: control,
        probe: () =>
          apiProbe(
            session,
            [{ service: 'network', path: '/v2.0/agents' }],
            ['cluster:identity'],
            ({ login, answers }) => answers[0] ?? login,
          ),
        judge: (answers) => judgeSpare(host.name, answers),
      }),
    ],
  };
}

/** Whether another host has an agent of each kind that is alive and enabled. Any control host's answer will do. Pure. */
export function judgeSpare(host: string, answers: Answers<ApiAnswer>): Spare {
  let reason = 'no control host';
  for (const [name, answer] of answers) {
    if (!answer.reachable) {
      reason = `${name}: ${answer.reason}`;
      continue;
    }
    const agents = agentsOf(answer.observed.body);
    if (!agents) {
      reason = `asked from ${name}: ${answer.observed.error ?? `Neutron answers ${answer.observed.status}`}`;
      continue;
    }
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
  }
  return { verdict: 'unknown', evidence: `could not ask Neutron (${reason})` };
}

import type { Finding, Host } from 'osha';

/** A kind of agent, by the word that its service's list has for it, and where it should run. */
export interface ExpectedAgent {
  readonly kind: string;
  readonly hosts: readonly Host[];
  /** The unit that runs it. */
  readonly unit: string;
  /** It runs on one of these hosts at a time, and another one's may be in the list from before. */
  readonly one?: true;
}

/** One agent as its service knows it. */
export interface Agent {
  readonly kind: string;
  readonly host: string;
  /** It reported in time. */
  readonly alive: boolean;
  /** An operator may have taken it out. */
  readonly enabled: boolean;
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

/** The agents in an answer of Nova's or Cinder's `os-services`, or of Neutron's `agents`; nothing where it is neither. */
export function agentsOf(body: unknown): readonly Agent[] | undefined {
  const { services, agents } = (body ?? {}) as {
    readonly services?: readonly RawAgent[];
    readonly agents?: readonly RawAgent[];
  };
  return (services ?? agents)?.map((raw) => ({
    // Neutron has both words, and people know its agents by the first.
    kind: raw.agent_type ?? raw.binary ?? '',
    host: raw.host,
    alive: raw.state === undefined ? raw.alive === true : raw.state === 'up',
    enabled: raw.status === undefined ? raw.admin_state_up !== false : raw.status === 'enabled',
  }));
}

/** One finding for each kind whose agents are all alive, and one for each agent that is not. */
export function agentFindings(
  expected: readonly ExpectedAgent[],
  found: readonly Agent[],
): readonly Finding[] {
  return expected.flatMap(({ kind, hosts, unit, one = false }): readonly Finding[] => {
    if (one) return [movingFinding(kind, hosts, found)];
    const bad = hosts.flatMap(({ name }): readonly Finding[] => {
      const agent = found.find((one) => one.kind === kind && one.host === name);
      if (agent?.alive === true) return [];
      const evidence = agent ? 'has not reported of late' : 'is not in the list of agents';
      const hint = `"systemctl status ${unit}" on ${name}, and its log`;
      return [{ subject: kind, host: name, healthy: false, evidence, hint }];
    });
    if (bad.length > 0) return bad;
    const out = found.filter((one) => one.kind === kind && !one.enabled).map(({ host }) => host);
    const note = out.length === 0 ? '' : `; taken out: ${out.join(', ')}`;
    return [{ subject: kind, healthy: true, evidence: `${hosts.length} of ${hosts.length} alive${note}` }];
  });
}

function movingFinding(kind: string, hosts: readonly Host[], found: readonly Agent[]): Finding {
  const all = hosts.map(({ name }) => name);
  const alive = all.filter((name) =>
    found.some((one) => one.kind === kind && one.host === name && one.alive),
  );
  // One that was just left counts as alive for another minute.
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
    evidence: `on none of ${all.join(', ')} has it reported of late`,
    hint: 'the cluster runs it on one of them at a time: pcs status --full',
  };
}

import type { Host } from '../inventory/types.ts';
import {
  ProbeError,
  type Answer,
  type Answers,
  type Finding,
  type HealthCheck,
  type Probe,
} from '../playbook/operation.ts';
import { ConnectionDropped, ScriptTimeout } from '../transport/errors.ts';
import { whileConnected, type Connections, type ConnectSettings } from './connections.ts';
import { Observer } from './observer.ts';

/** Where answers come from. */
export interface AnswerSource {
  /** Why a host is not asked, or `undefined` where it is. */
  whyGone(host: string): string | undefined;
  observer(host: string): Observer;
}

/** Announces the probes of all checks, so that each host answers them in one round trip. */
export function expectProbes(
  source: Pick<AnswerSource, 'observer'>,
  hosts: readonly Host[],
  checks: readonly Pick<HealthCheck, 'members' | 'probe'>[],
): void {
  for (const host of hosts) {
    const concerning = checks.filter(({ members }) => members.some(({ name }) => name === host.name));
    source.observer(host.name).expect(concerning.map((check) => check.probe(host)));
  }
}

/** The answers of all members of a check. A member that cannot be asked has its reason instead. */
export async function answersOf<Observed>(
  source: AnswerSource,
  check: Pick<HealthCheck<Observed>, 'members' | 'probe'>,
  options: { again: boolean },
): Promise<Answers<Observed>> {
  const answers = await Promise.all(
    check.members.map(async (member): Promise<[string, Answer<Observed>]> => {
      const gone = source.whyGone(member.name);
      if (gone !== undefined) return [member.name, { reachable: false, reason: gone }];
      const observer = source.observer(member.name);
      const probe = check.probe(member);
      try {
        const observed = await (options.again ? observer.observeAgain(probe) : observer.observe(probe));
        return [member.name, { reachable: true, observed }];
      } catch (error) {
        const answerless =
          error instanceof ConnectionDropped || error instanceof ScriptTimeout || error instanceof ProbeError;
        if (!answerless) throw error;
        return [member.name, { reachable: false, reason: error.message }];
      }
    }),
  );
  return new Map(answers);
}

/**
 * The findings of a check, completed: a member of `asked` that gave no answer is unhealthy, also where the check says
 * nothing about it. Where no member answered, the state of the cluster as a whole is unknown. `asked` defaults to all
 * members.
 */
export function findingsOf(
  check: Pick<HealthCheck, 'members' | 'judge'>,
  answers: Answers,
  asked: readonly Host[] = check.members,
): readonly Finding[] {
  const judged = check.judge(answers);
  const findings = isSilent(answers) ? judged.map(withoutStatement) : judged;
  const silent = asked.flatMap(({ name }): readonly Finding[] => {
    const answer = answers.get(name);
    if (answer?.reachable !== false || findings.some(({ host }) => host === name)) return [];
    return [{ host: name, subject: 'answer', healthy: false, evidence: `no answer: ${answer.reason}` }];
  });
  return [...findings, ...silent];
}

function isSilent(answers: Answers): boolean {
  return answers.size > 0 && [...answers.values()].every(({ reachable }) => !reachable);
}

/** Findings about a host say themselves that it did not answer. */
function withoutStatement(finding: Finding): Finding {
  if (finding.host !== undefined) return finding;
  return { subject: finding.subject, healthy: false, unknown: true, evidence: 'unknown: no host answered' };
}

export interface AskOptions extends ConnectSettings {
  readonly probeTimeoutMs: number;
}

/** Hosts that can be asked, outside of a phase. */
export class Respondents implements AnswerSource {
  readonly #connections: Connections;
  readonly #observers: ReadonlyMap<string, Observer>;

  constructor(
    hosts: readonly Host[],
    connections: Connections,
    { probeTimeoutMs, signal }: Pick<AskOptions, 'probeTimeoutMs' | 'signal'>,
  ) {
    this.#connections = connections;
    this.#observers = new Map(
      hosts.map((host) => [
        host.name,
        new Observer(connections.to(host).lane(), { timeoutMs: probeTimeoutMs, signal }),
      ]),
    );
  }

  whyGone(host: string): string | undefined {
    const connected = this.#connections.of(host);
    return connected.ok ? undefined : connected.message;
  }

  observer(host: string): Observer {
    const observer = this.#observers.get(host);
    if (!observer) throw new Error(`${host} was not to be asked`);
    return observer;
  }
}

/** Connects to hosts, asks them, and disconnects. Reads only. */
export function askConnected<Result>(
  hosts: readonly Host[],
  options: AskOptions,
  ask: (respondents: Respondents, connections: Connections) => Promise<Result>,
): Promise<Result> {
  return whileConnected(hosts, options, (connections) =>
    ask(new Respondents(hosts, connections, options), connections),
  );
}

/** Asks each host one question, in one round trip each. A host that cannot be asked has its reason instead. Reads only. */
export function askHosts<Observed>(
  hosts: readonly Host[],
  probe: (host: Host) => Probe<Observed>,
  options: AskOptions,
): Promise<Answers<Observed>> {
  return askConnected(hosts, options, (respondents) =>
    answersOf(respondents, { members: hosts, probe }, { again: false }),
  );
}

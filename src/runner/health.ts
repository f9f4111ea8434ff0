import type { Host } from '../inventory/types.ts';
import type { Advice, Finding, HealthCheck } from '../playbook/operation.ts';
import {
  answersOf,
  askConnected,
  expectProbes,
  findingsOf,
  type AnswerSource,
  type AskOptions,
} from './answers.ts';

/** A check and the system it belongs to. */
export interface NamedCheck {
  /** The phase's name. */
  readonly system: string;
  readonly title: string;
  readonly check: HealthCheck;
}

export interface SystemHealth {
  readonly system: string;
  readonly title: string;
  readonly findings: readonly Finding[];
  readonly advice: readonly Advice[];
}

export interface HealthReport {
  readonly systems: readonly SystemHealth[];
  readonly unreachable: readonly {
    readonly host: string;
    readonly message: string;
    readonly hint?: string | undefined;
  }[];
  /** Every host answered, and no finding is unhealthy. */
  readonly healthy: boolean;
}

/** Why a member was not asked. */
const LEFT_OUT = 'left out by --limit';

/**
 * Asks all checks at once, in one round trip per host, and judges them. Reads only. Only `hosts` are asked: other members of
 * a check are left out by `--limit`, and findings that depend on them are unknown. A host that cannot be reached is reported
 * once, not by every system that it belongs to.
 */
export function observeHealth(
  hosts: readonly Host[],
  checks: readonly NamedCheck[],
  options: AskOptions,
): Promise<HealthReport> {
  const asked = new Set(hosts.map(({ name }) => name));
  return askConnected(hosts, options, async (respondents, connections) => {
    options.signal.throwIfAborted();
    const source: AnswerSource = {
      whyGone: (host) => (asked.has(host) ? respondents.whyGone(host) : LEFT_OUT),
      observer: (host) => respondents.observer(host),
    };
    expectProbes(
      source,
      hosts,
      checks.map(({ check }) => check),
    );
    const systems: SystemHealth[] = [];
    for (const { system, title, check } of checks) {
      const answers = await answersOf(source, check, { again: false });
      const answering = check.members.filter(({ name }) => source.whyGone(name) === undefined);
      const findings = withinLimit(findingsOf(check, answers, answering), check.members, asked);
      const advice = (check.advise?.(answers) ?? []).filter(
        ({ host }) => host === undefined || asked.has(host),
      );
      systems.push({ system, title, findings, advice });
    }
    const unreachable = hosts.flatMap(({ name }) => {
      const connected = connections.of(name);
      return connected.ok ? [] : [{ host: name, message: connected.message, hint: connected.hint }];
    });
    const healthy = systems.every(({ findings }) =>
      findings.every((one) => one.healthy || one.unknown === true),
    );
    return { systems, unreachable, healthy: healthy && unreachable.length === 0 };
  });
}

/** Findings about the hosts that were asked, and those about the cluster; an unhealthy one is unknown where members were left out. */
function withinLimit(
  findings: readonly Finding[],
  members: readonly Host[],
  asked: { has(host: string): boolean },
): readonly Finding[] {
  const others = members.map(({ name }) => name).filter((name) => !asked.has(name));
  if (others.length === 0) return findings;
  return findings.flatMap((finding): readonly Finding[] => {
    const { host, subject, healthy, evidence } = finding;
    if (host !== undefined) return asked.has(host) ? [finding] : [];
    if (healthy) return [finding];
    return [{ subject, healthy, unknown: true, evidence: `${evidence}; ${LEFT_OUT}: ${others.join(', ')}` }];
  });
}

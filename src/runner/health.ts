import type { Host } from '../inventory/types.ts';
import type { Advice, Finding, HealthCheck } from '../playbook/operation.ts';
import type { Transport } from '../transport/session.ts';
import { Connections } from './connections.ts';
import type { EventSink } from './events.ts';
import { Observer } from './observer.ts';
import { answersOf, findingsOf } from './wait.ts';

/** A check under the name of the system that it is about. */
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
  /** Every host answered, and nothing that is known is unhealthy. */
  readonly healthy: boolean;
}

export interface HealthOptions {
  readonly transport: Transport;
  readonly forks: number;
  readonly connectTimeoutMs: number;
  readonly probeTimeoutMs: number;
  readonly acceptNew: boolean;
  readonly signal: AbortSignal;
  /** Told of connections as they come. */
  readonly emit: EventSink;
}

/** Why a member has no answer that was not asked. */
const LEFT_OUT = 'left out by --limit';

/**
 * Asks all checks at once, in one round trip per host, and judges them. Reads only. Only `hosts` are asked: members of a
 * check that are not among them are left out by `--limit`, and what cannot be said without them is unknown.
 */
export async function observeHealth(
  hosts: readonly Host[],
  checks: readonly NamedCheck[],
  options: HealthOptions,
): Promise<HealthReport> {
  const { signal, emit } = options;
  const connections = new Connections(options.transport, {
    timeoutMs: options.connectTimeoutMs,
    acceptNew: options.acceptNew,
    signal,
  });
  const observers = new Map(
    hosts.map((host) => [
      host.name,
      new Observer(connections.lane(host), { timeoutMs: options.probeTimeoutMs, signal }),
    ]),
  );
  const source = {
    whyGone: (host: string): string | undefined => {
      if (!observers.has(host)) return LEFT_OUT;
      const connected = connections.of(host);
      return connected.ok ? undefined : connected.message;
    },
    observer: (host: string): Observer => {
      const observer = observers.get(host);
      if (!observer) throw new Error(`no observer was made for ${host}`);
      return observer;
    },
  };
  try {
    await connections.open(hosts, options.forks, emit);
    signal.throwIfAborted();
    for (const host of hosts) {
      observers
        .get(host.name)
        ?.expect(
          checks
            .filter(({ check }) => check.members.some((member) => member.name === host.name))
            .map(({ check }) => check.probe(host)),
        );
    }
    const systems: SystemHealth[] = [];
    for (const { system, title, check } of checks) {
      const answers = await answersOf(source, check, { again: false });
      // One that cannot be reached is told once, and not by every system that it belongs to.
      const asked = check.members.filter(
        (member) => observers.has(member.name) && connections.of(member.name).ok,
      );
      const findings = withinLimit(findingsOf(check, answers, asked), check.members, observers);
      const advice = (check.advise?.(answers) ?? []).filter(
        ({ host }) => host === undefined || observers.has(host),
      );
      systems.push({ system, title, findings, advice });
    }
    const unreachable = hosts.flatMap((host) => {
      const connected = connections.of(host.name);
      if (connected.ok) return [];
      return [{ host: host.name, message: connected.message, hint: connected.hint }];
    });
    const healthy = systems.every(({ findings }) =>
      findings.every((one) => one.healthy || one.unknown === true),
    );
    return { systems, unreachable, healthy: healthy && unreachable.length === 0 };
  } finally {
    await connections.close();
  }
}

/** Findings about the hosts that were asked, and those about all members where the members that were asked suffice. */
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

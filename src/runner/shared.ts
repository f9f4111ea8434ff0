import type { Host } from '../inventory/types.ts';
import type { Plan } from '../planner/plan.ts';
import type { Secret } from '../secrets/secret.ts';
import type { Connections } from './connections.ts';
import type { EventSink, Prunable } from './events.ts';
import { HostLimit } from './host-limit.ts';
import type { Observer } from './observer.ts';
import { Pending } from './pending.ts';
import { Totals } from './totals.ts';

/** How a plan is carried out. */
export interface RunSettings {
  /** `diff` connects and reads, and tells what would change. */
  readonly mode: 'apply' | 'diff';
  /** Hosts worked on at the same time. */
  readonly forks: number;
  /** Whether what osha made and the inventory does not name any more is taken away: all of it, or what was confirmed. */
  readonly prune: boolean | readonly Prunable[];
  /** Milliseconds for one change, unless the change says otherwise. */
  readonly timeoutMs: number;
  /** Milliseconds for one round trip of probes. */
  readonly probeTimeoutMs: number;
  /** Bytes of each stream of a change that are told as lines, with what their record takes. */
  readonly maxOutputBytes: number;
  /** Told of the secrets in whatever is sent to a host, before it is sent: what comes back may hold them. */
  readonly learn?: ((secrets: readonly Secret[]) => void) | undefined;
  readonly signal: AbortSignal;
}

/** What all phases of a run share. */
export class Shared {
  readonly plan: Plan;
  readonly settings: RunSettings;
  readonly connections: Connections;
  readonly emit: EventSink;
  readonly totals: Totals;
  readonly limit: HostLimit;
  readonly #involved: ReadonlyMap<string, Host>;
  /** What the phases that have ended would have changed. */
  readonly pending = new Pending();
  /** Hosts that left the run in a phase that has ended, and why. */
  readonly left = new Map<string, string>();
  /** What has been offered for `--prune` already. */
  readonly offered = new Set<string>();
  /** Of the phases that run now. */
  readonly observers = new Map<Observer, string>();
  refused: string | undefined;

  constructor(parts: {
    plan: Plan;
    /** Hosts that are read or changed. */
    involved: readonly Host[];
    settings: RunSettings;
    connections: Connections;
    emit: EventSink;
  }) {
    this.plan = parts.plan;
    this.settings = parts.settings;
    this.connections = parts.connections;
    this.emit = parts.emit;
    this.totals = new Totals(parts.plan.hosts.map((host) => host.name));
    this.limit = new HostLimit(parts.settings.forks);
    this.#involved = new Map(parts.involved.map((host) => [host.name, host]));
  }

  host(name: string): Host {
    const host = this.#involved.get(name);
    if (!host) throw new Error(`${name} has no part in this run`);
    return host;
  }
}

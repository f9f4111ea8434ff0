import type { Host } from '../inventory/types.ts';
import type { Plan } from '../planner/plan.ts';
import type { Secret } from '../secrets/secret.ts';
import type { Approval } from './approval.ts';
import type { Connections } from './connections.ts';
import type { EventSink, Prunable } from './events.ts';
import { HostLimit } from './host-limit.ts';
import type { Observer } from './observer.ts';
import { Pending } from './pending.ts';
import { Totals } from './totals.ts';

/** How a plan is carried out. */
export interface RunSettings {
  /** `diff` connects, reads, and announces what would change. */
  readonly mode: 'apply' | 'diff';
  /** Hosts worked on at the same time. */
  readonly forks: number;
  /** Whether to remove resources that osha created and the inventory no longer lists: all of them, or those confirmed. */
  readonly prune: boolean | readonly Prunable[];
  /** What the run may do; a step with anything else is refused. Default: everything. */
  readonly approved?: Approval | undefined;
  /** Milliseconds for one change, unless the change says otherwise. */
  readonly timeoutMs: number;
  /** Milliseconds for one round trip of probes. */
  readonly probeTimeoutMs: number;
  /** Bytes of each output stream of a change that are emitted as lines, including the size of their records. */
  readonly maxOutputBytes: number;
  /** Gets the secrets in everything that is sent to a host, before it is sent: they may appear in its output. */
  readonly learn?: ((secrets: readonly Secret[]) => void) | undefined;
  readonly signal: AbortSignal;
}

/** A plan that is being carried out: what all its phases share. */
export class PlanRun {
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
  /** The observers of the phases that run now, and the hosts they observe. */
  readonly observers = new Map<Observer, string>();
  #refused: string | undefined;

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

  get isInterrupted(): boolean {
    return this.settings.signal.aborted;
  }

  /** Why the run was refused, or `undefined`. */
  get refused(): string | undefined {
    return this.#refused;
  }

  /** Records that the run, or a step of it, was refused. The first reason is kept. */
  refuse(reason: string): void {
    this.#refused ??= reason;
  }

  host(name: string): Host {
    const host = this.#involved.get(name);
    if (!host) throw new Error(`${name} has no part in this run`);
    return host;
  }

  /** True for hosts that `--limit` leaves in. */
  mayChange(host: string): boolean {
    return this.plan.hosts.some((allowed) => allowed.name === host);
  }

  /** Why a host takes no part any more, or `undefined` while it does. */
  whyGone(host: string): string | undefined {
    const connected = this.connections.of(host);
    return connected.ok ? this.left.get(host) : connected.message;
  }

  /** Hosts of a list that still take part. */
  present(hosts: readonly Host[]): readonly Host[] {
    return hosts.filter((host) => this.whyGone(host.name) === undefined);
  }
}

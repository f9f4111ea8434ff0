import pLimit from 'p-limit';
import type { Host } from '../inventory/types.ts';
import type { ConnectOptions, Transport } from '../transport/session.ts';
import type { EventSink } from './events.ts';
import { HostConnection, NOT_CONNECTED, type Absence, type Connected, type Loss } from './host-connection.ts';
import { RunLock, type LockPatience } from './run-lock.ts';

export interface HeldLock {
  readonly host: string;
  readonly holder: string;
}

export interface ConnectionsOptions extends ConnectOptions {
  /** How long to wait for shells of this run whose connection was lost. */
  readonly lockPatience?: LockPatience;
}

/** The connections of a run, one for each host. `emit` of `open` gets the hosts that leave the run, whenever they do. */
export class Connections {
  readonly #transport: Transport;
  readonly #options: ConnectionsOptions;
  readonly #signal: AbortSignal;
  readonly #hosts = new Map<string, HostConnection>();
  /** Absent where nothing is changed. */
  #lock: RunLock | undefined;
  #emit: EventSink = () => undefined;

  constructor(transport: Transport, options: ConnectionsOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  /** Connects to all of `hosts`, `forks` at a time. One that does not answer holds up no other. */
  async open(hosts: readonly Host[], forks: number, emit: EventSink): Promise<void> {
    this.#emit = emit;
    const limit = pLimit(forks);
    await Promise.all(
      hosts.map((host) =>
        limit(async () => {
          const started = Date.now();
          const connection = this.to(host);
          await connection.open();
          if (!connection.connected.ok) return;
          emit({ event: 'connected', host: host.name, durationMs: Date.now() - started });
        }),
      ),
    );
  }

  /** The connection to a host, open or not. */
  to(host: Host): HostConnection {
    const known = this.#hosts.get(host.name);
    if (known) return known;
    const connection = new HostConnection(host, {
      transport: this.#transport,
      connect: this.#options,
      signal: this.#signal,
      onLoss: (name, absence, loss) => this.#report(name, absence, loss),
    });
    if (this.#lock) connection.requireLock(this.#lock);
    this.#hosts.set(host.name, connection);
    return connection;
  }

  /** A host's first shell, or why it has none. */
  of(host: string): Connected {
    return this.#hosts.get(host)?.connected ?? NOT_CONNECTED;
  }

  /**
   * Takes the lock of each of `hosts`, and again whenever a connection is reopened; from now on no change is sent to a
   * host whose lock is not held. Returns the locks that other runs hold. A host that is lost meanwhile leaves the run.
   */
  async lock(hosts: readonly Host[], owner: string): Promise<readonly HeldLock[]> {
    const lock = new RunLock(owner, this.#options.lockPatience);
    this.#lock = lock;
    for (const connection of this.#hosts.values()) connection.requireLock(lock);
    const take = async (host: Host): Promise<readonly HeldLock[]> => {
      const holder = await this.to(host).takeLock();
      return holder === undefined ? [] : [{ host: host.name, holder }];
    };
    // One host first, the same for all: of two runs that begin at the same time, exactly one gets it.
    const [first, ...others] = [...hosts].sort((a, b) => (a.name < b.name ? -1 : 1));
    const held = first ? await take(first) : [];
    if (held.length > 0) return held;
    return (await Promise.all(others.map(take))).flat();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((connection) => connection.close()));
    await this.#transport.close().catch(() => undefined);
  }

  #report(host: string, absence: Absence, { message, hint }: Loss): void {
    const event = absence === 'unreachable' ? 'unreachable' : 'rejected';
    this.#emit({ event, host, message, ...(hint === undefined ? {} : { hint }) });
  }
}

/** How a verb that runs no plan connects. */
export interface ConnectSettings {
  readonly transport: Transport;
  /** Hosts worked on at the same time. */
  readonly forks: number;
  readonly connectTimeoutMs: number;
  readonly acceptNew: boolean;
  readonly signal: AbortSignal;
  /** Gets the connections as they are made, and the hosts that cannot be reached. */
  readonly emit: EventSink;
}

/** Connects to hosts, does `work`, and disconnects. */
export async function whileConnected<Result>(
  hosts: readonly Host[],
  { transport, forks, connectTimeoutMs, acceptNew, signal, emit }: ConnectSettings,
  work: (connections: Connections) => Promise<Result>,
): Promise<Result> {
  const connections = new Connections(transport, { timeoutMs: connectTimeoutMs, acceptNew, signal });
  try {
    await connections.open(hosts, forks, emit);
    return await work(connections);
  } finally {
    await connections.close();
  }
}

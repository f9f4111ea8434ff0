import pLimit from 'p-limit';
import type { Host } from '../inventory/types.ts';
import { ConnectError } from '../transport/errors.ts';
import type { ConnectOptions, Session, Transport } from '../transport/session.ts';
import type { EventSink } from './events.ts';

/** Why a host takes no part in the run. */
export interface Unreachable {
  readonly message: string;
  readonly hint?: string;
}

export interface HeldLock {
  readonly host: string;
  readonly holder: string;
}

/** Milliseconds to wait for the answer whether a host's lock is free. */
const LOCK_TIMEOUT_MS = 10_000;

export type Connected =
  { readonly ok: true; readonly session: Session } | ({ readonly ok: false } & Unreachable);

/** The sessions of a run: one per host, opened at most `forks` at a time, opened anew after a drop. */
export class Connections {
  readonly #transport: Transport;
  readonly #options: ConnectOptions;
  readonly #sessions = new Map<string, Connected>();
  readonly #earlierRoundTrips = new Map<string, number>();
  /** Owner of the lock, by host. */
  readonly #locked = new Map<string, string>();

  constructor(transport: Transport, options: ConnectOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  /** Connects to all of `hosts`; whoever does not answer is told to `emit` and keeps nobody else waiting. */
  async open(hosts: readonly Host[], forks: number, emit: EventSink): Promise<void> {
    const limit = pLimit(forks);
    await Promise.all(
      hosts.map((host) =>
        limit(async () => {
          const started = Date.now();
          const connected = await this.#connect(host);
          this.#sessions.set(host.name, connected);
          if (connected.ok) {
            emit({ event: 'connected', host: host.name, durationMs: Date.now() - started });
          } else {
            emit({
              event: 'unreachable',
              host: host.name,
              message: connected.message,
              ...(connected.hint ? { hint: connected.hint } : {}),
            });
          }
        }),
      ),
    );
  }

  /** The host's session, or why it has none. */
  of(host: string): Connected {
    return this.#sessions.get(host) ?? { ok: false, message: 'it was not connected to' };
  }

  /** Takes the lock of each of `hosts`, and again whenever a session has to be opened anew. Returns who holds which. */
  async lock(hosts: readonly Host[], owner: string): Promise<readonly HeldLock[]> {
    for (const { name } of hosts) this.#locked.set(name, owner);
    const answers = await Promise.all(
      hosts.map(async ({ name }): Promise<readonly HeldLock[]> => {
        const connected = this.of(name);
        const answer = connected.ok
          ? await connected.session.lock(owner, LOCK_TIMEOUT_MS)
          : { ok: true as const };
        return answer.ok ? [] : [{ host: name, holder: answer.holder }];
      }),
    );
    return answers.flat();
  }

  /** A new session in the place of one that dropped. */
  async reopen(host: Host): Promise<Connected> {
    const old = this.#sessions.get(host.name);
    if (old?.ok) {
      this.#earlierRoundTrips.set(host.name, this.roundTrips(host.name));
      await old.session.close().catch(() => undefined);
    }
    const connected = await this.#connect(host);
    this.#sessions.set(host.name, connected);
    // The lock went with the session that held it, and somebody else may have taken it meanwhile.
    const owner = this.#locked.get(host.name);
    if (connected.ok && owner !== undefined) {
      const [held] = await this.lock([host], owner);
      // By itself, where the host has not noticed yet that the old connection is gone.
      if (held && held.holder !== owner) {
        this.exclude(host.name, { message: `its connection dropped, and now it is held by ${held.holder}` });
      }
    }
    return this.of(host.name);
  }

  /** Takes a host out after it was connected: it is not the host that the inventory means. */
  exclude(host: string, why: Unreachable): void {
    const connected = this.#sessions.get(host);
    if (connected?.ok) void connected.session.close().catch(() => undefined);
    this.#sessions.set(host, { ok: false, ...why });
  }

  /** Scripts sent to the host so far, over all its sessions. */
  roundTrips(host: string): number {
    const connected = this.#sessions.get(host);
    return (this.#earlierRoundTrips.get(host) ?? 0) + (connected?.ok ? connected.session.roundTrips : 0);
  }

  async close(): Promise<void> {
    const open = [...this.#sessions.values()].flatMap((connected) =>
      connected.ok ? [connected.session] : [],
    );
    await Promise.allSettled(open.map((session) => session.close()));
    await this.#transport.close();
  }

  async #connect(host: Host): Promise<Connected> {
    try {
      return { ok: true, session: await this.#transport.connect(host, this.#options) };
    } catch (error) {
      if (error instanceof ConnectError) return { ok: false, message: error.message, hint: error.hint };
      throw error;
    }
  }
}

import { randomBytes } from 'node:crypto';
import { LockFailed } from '../transport/errors.ts';
import { pause } from '../transport/timers.ts';
import type { LockAnswer, Session } from '../transport/session.ts';

/** Milliseconds to wait for a host's answer about its lock: long enough for a busy host. */
const ANSWERED_WITHIN_MS = 120_000;

/** How long a run waits for its own shells of a lost connection to end. */
export interface LockPatience {
  /** Milliseconds between two attempts. */
  readonly everyMs: number;
  /** Milliseconds until the host is given up. */
  readonly withinMs: number;
}

/** A host notices within two minutes that a connection is lost, and kills its shells within 30 s more. */
const PATIENCE: LockPatience = { everyMs: 1000, withinMs: 300_000 };

/**
 * The lock of one run, on all its hosts. A change is only sent to a shell that holds it. No other run gets it while such a
 * shell, or one of its scripts, is alive.
 */
export class RunLock {
  readonly #owner: string;
  readonly #patience: LockPatience;
  readonly #holding = new WeakSet<Session>();

  /** `name` is shown to a second run. */
  constructor(name: string, patience: LockPatience = PATIENCE) {
    // Two runs of one user on one machine have the same name.
    this.#owner = `${name.replaceAll(/\p{Cc}+/gu, ' ').trim()} #${randomBytes(6).toString('hex')}`;
    this.#patience = patience;
  }

  /**
   * Takes the lock for the first shell of a connection, once this run's earlier shells on that host have ended. Throws
   * `LockFailed` where that takes too long, and what `Session.lock` throws.
   */
  async take(session: Session, signal: AbortSignal): Promise<LockAnswer> {
    const until = Date.now() + this.#patience.withinMs;
    for (;;) {
      const answer = await session.lock(this.#owner, ANSWERED_WITHIN_MS);
      if (answer.ok) {
        this.#holding.add(session);
        return answer;
      }
      if (answer.holder !== this.#owner) return { ok: false, holder: nameOf(answer.holder) };
      if (Date.now() >= until) {
        throw new LockFailed('an earlier connection of this run still holds it');
      }
      await pause(this.#patience.everyMs, signal);
    }
  }

  /** Makes a further shell hold the lock too. Returns false where `first`, the first shell of its connection, does not. */
  async covers(first: Session, shell: Session): Promise<boolean> {
    if (this.#holding.has(shell)) return true;
    if (!this.#holding.has(first)) return false;
    const { ok } = await shell.joinLock(this.#owner, ANSWERED_WITHIN_MS);
    if (ok) this.#holding.add(shell);
    return ok;
  }
}

function nameOf(owner: string): string {
  return owner.replace(/ #[0-9a-f]{12}$/, '');
}

import type { Duplex } from 'node:stream';
import type { Host } from '../../src/inventory/types.ts';
import { ConnectError, ConnectionDropped, ForwardError, ScriptTimeout } from '../../src/transport/errors.ts';
import type {
  LockAnswer,
  RunOptions,
  ScriptResult,
  Session,
  Transport,
} from '../../src/transport/session.ts';
import { after } from '../../src/transport/timers.ts';

/** A script sent to a fake host. */
export interface FakeRequest {
  readonly host: Host;
  readonly script: string;
  /** Decoded as UTF-8; empty where there was none. */
  readonly input: string;
}

/** The answer of a fake host; default: empty output, exit code 0. */
export type FakeReply = Partial<Omit<ScriptResult, 'durationMs'>>;

/** Answers a script. `run` throws a returned `Error`; `undefined` passes the script to the transport behind. */
export type FakeHandler = (
  request: FakeRequest,
) => FakeReply | Error | undefined | Promise<FakeReply | Error | undefined>;

export interface FakeTransportOptions {
  readonly answer?: FakeHandler;
  /** Opens forwarded connections; default: the transport behind. */
  readonly forward?: (host: Host, address: string, port: number) => Promise<Duplex>;
  /** Maximum number of shells on one connection; default: no limit. */
  readonly shells?: number;
  /** Runs scripts that `answer` does not handle, and manages locks: `createLocalTransport()`. */
  readonly behind?: Transport;
}

/** Hosts in memory, controlled by a test, by their names in the inventory. */
export interface FakeTransport extends Transport {
  /** Every script that was sent, in order. */
  readonly sent: readonly FakeRequest[];
  /** The host names of open sessions. */
  readonly open: readonly string[];
  /** Makes connections fail; default error: `unreachable`. */
  refuse(host: string, error?: ConnectError): void;
  /** Makes connections work again. */
  admit(host: string): void;
  /** Delays each script by `ms` milliseconds. */
  delay(host: string, ms: number): void;
  /** Runs the next matching script (default: any), and drops the connection before its answer. */
  dropAt(host: string, fits?: (script: string) => boolean): void;
  /** Makes another run hold the lock. */
  lockBy(host: string, holder: string): void;
}

/** A transport for tests of higher layers: answers from a function, or from a transport behind it. */
export function createFakeTransport(options: FakeTransportOptions = {}): FakeTransport {
  const sent: FakeRequest[] = [];
  const open: string[] = [];
  const refused = new Map<string, ConnectError>();
  const delays = new Map<string, number>();
  const drops = new Map<string, (script: string) => boolean>();
  const locks = new Map<string, { owner: string; by: FakeSession | undefined }>();
  const world: World = {
    options,
    sent,
    open,
    delayOf: (host) => delays.get(host) ?? 0,
    dropsAt: (host, script) => {
      const now = drops.get(host)?.(script) ?? false;
      if (now) drops.delete(host);
      return now;
    },
    lock: (host, owner, by) => {
      const held = locks.get(host);
      if (held && held.by !== by) return { ok: false, holder: held.owner };
      locks.set(host, { owner, by });
      return { ok: true };
    },
    joinLock: (host, owner) => {
      const held = locks.get(host);
      return held?.owner === owner ? { ok: true } : { ok: false, holder: held?.owner ?? 'no one' };
    },
    ended: (session) => {
      const { name } = session.host;
      if (open.includes(name)) open.splice(open.indexOf(name), 1);
      if (locks.get(name)?.by === session) locks.delete(name);
    },
  };
  return {
    sent,
    open,
    refuse: (host, error = new ConnectError('unreachable', 'it refuses connections', 'is sshd running?')) =>
      void refused.set(host, error),
    admit: (host) => void refused.delete(host),
    delay: (host, ms) => void delays.set(host, ms),
    dropAt: (host, fits = () => true) => void drops.set(host, fits),
    lockBy: (host, holder) => void locks.set(host, { owner: holder, by: undefined }),
    connect: async (host, connect) => {
      connect.signal?.throwIfAborted();
      const error = refused.get(host.name);
      if (error) throw error;
      const behind = await options.behind?.connect(host, connect);
      open.push(host.name);
      return new FakeSession(host, world, behind);
    },
    close: async () => options.behind?.close(),
  };
}

/** Shared by the sessions of a fake transport. */
interface World {
  readonly options: FakeTransportOptions;
  readonly sent: FakeRequest[];
  readonly open: string[];
  delayOf(host: string): number;
  dropsAt(host: string, script: string): boolean;
  lock(host: string, owner: string, by: FakeSession): LockAnswer;
  joinLock(host: string, owner: string): LockAnswer;
  ended(session: FakeSession): void;
}

/** A session of a fake transport. */
export class FakeSession implements Session {
  readonly host: Host;
  readonly #world: World;
  /** Runs scripts that `answer` does not handle. */
  readonly behind: Session | undefined;
  /** Opened by `openAnother`: they end with this session. */
  readonly #others: FakeSession[] = [];
  /** The session that opened this one. */
  readonly #first: FakeSession | undefined;
  #roundTrips = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #dead: string | undefined;

  constructor(host: Host, world: World, behind: Session | undefined, first?: FakeSession) {
    this.host = host;
    this.#world = world;
    this.behind = behind;
    this.#first = first;
  }

  get roundTrips(): number {
    return this.#roundTrips;
  }

  run(script: string, options: RunOptions): Promise<ScriptResult> {
    const turn = this.#turn.then(() => this.#execute(script, options));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async lock(owner: string, timeoutMs: number): Promise<LockAnswer> {
    if (this.#dead !== undefined) throw new ConnectionDropped(this.#dead);
    return this.behind ? this.behind.lock(owner, timeoutMs) : this.#world.lock(this.host.name, owner, this);
  }

  async joinLock(owner: string, timeoutMs: number): Promise<LockAnswer> {
    if (this.#dead !== undefined) throw new ConnectionDropped(this.#dead);
    return this.behind ? this.behind.joinLock(owner, timeoutMs) : this.#world.joinLock(this.host.name, owner);
  }

  async forward(address: string, port: number): Promise<Duplex> {
    if (this.#dead !== undefined) throw new ConnectionDropped(this.#dead);
    const { forward } = this.#world.options;
    if (forward) return forward(this.host, address, port);
    if (this.behind) return this.behind.forward(address, port);
    throw new ForwardError(`${this.host.name} connects to nothing`, { prohibited: true });
  }

  async openAnother(limits: Parameters<Session['openAnother']>[0]): Promise<Session> {
    limits.signal?.throwIfAborted();
    if (this.#dead !== undefined) throw new ConnectionDropped(this.#dead);
    if (this.#first) return this.#first.openAnother(limits);
    const shells = this.#world.options.shells ?? Infinity;
    if (this.#others.length + 1 >= shells) {
      throw new ConnectError('no-shell', `it gives no more than ${shells} shells`, 'raise MaxSessions');
    }
    const other = new FakeSession(this.host, this.#world, await this.behind?.openAnother(limits), this);
    this.#others.push(other);
    this.#world.open.push(this.host.name);
    return other;
  }

  async close(): Promise<void> {
    this.#end('the session was closed');
    await this.behind?.close();
  }

  async #execute(script: string, options: RunOptions): Promise<ScriptResult> {
    options.signal?.throwIfAborted();
    if (this.#dead !== undefined) throw new ConnectionDropped(this.#dead);
    this.#roundTrips += 1;
    const { input = '' } = options;
    const text = typeof input === 'string' ? input : Buffer.from(input).toString('utf8');
    const request: FakeRequest = { host: this.host, script, input: text };
    this.#world.sent.push(request);
    const started = performance.now();
    const reply = await this.#inTime(this.#replyTo(request), options);
    const result =
      reply === undefined
        ? await this.#passOn(script, options)
        : {
            stdout: '',
            stderr: '',
            exitCode: 0,
            durationMs: Math.round(performance.now() - started),
            ...reply,
          };
    if (this.#dead !== undefined) throw new ConnectionDropped(this.#dead);
    if (reply) {
      if (result.stdout !== '') options.onOutput?.('stdout', result.stdout);
      if (result.stderr !== '') options.onOutput?.('stderr', result.stderr);
    }
    if (this.#world.dropsAt(this.host.name, script)) {
      (this.#first ?? this).#end('the host reset it');
      await this.behind?.close();
      throw new ConnectionDropped('the host reset it');
    }
    return result;
  }

  async #replyTo(request: FakeRequest): Promise<FakeReply | undefined> {
    const delay = this.#world.delayOf(this.host.name);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    const reply = await this.#world.options.answer?.(request);
    if (reply instanceof Error) throw reply;
    return reply;
  }

  #passOn(script: string, options: RunOptions): Promise<ScriptResult> {
    if (this.behind) return this.behind.run(script, options);
    throw new Error(`${this.host.name} has no answer to this script:\n${script}`);
  }

  async #inTime<T>(work: Promise<T>, { timeoutMs, signal }: RunOptions): Promise<T> {
    let stop = (): void => undefined;
    const over = new Promise<never>((_, reject) => {
      const timer = after(timeoutMs, () => reject(new ScriptTimeout(timeoutMs, '', '')));
      const onAbort = (): void => reject(signal?.reason as Error);
      signal?.addEventListener('abort', onAbort, { once: true });
      stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
    });
    try {
      return await Promise.race([work, over]);
    } finally {
      stop();
    }
  }

  #end(why: string): void {
    if (this.#dead !== undefined) return;
    this.#dead = why;
    this.#world.ended(this);
    for (const other of this.#others) other.#end(why);
  }
}

import type { Host } from '../inventory/types.ts';
import type { Probe, ProbeAnswer, ResourceKey } from '../playbook/operation.ts';
import { ProbeError } from '../playbook/operation.ts';
import { ConnectionDropped } from '../transport/errors.ts';
import type { Connections } from './connections.ts';
import { frameOf, keyOf } from './frame.ts';

interface Kept {
  readonly answer: ProbeAnswer;
  readonly reads: readonly ResourceKey[];
}

export interface ObserverOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * What is known of one host. Probes that lie ahead are asked together with the first one, in one round trip; what was
 * learned that way is thrown away as soon as something changed that it could depend on.
 */
export class Observer {
  readonly #host: Host;
  readonly #connections: Connections;
  readonly #options: ObserverOptions;
  readonly #known = new Map<string, Kept>();
  #ahead: readonly Probe[] = [];

  constructor(host: Host, connections: Connections, options: ObserverOptions) {
    this.#host = host;
    this.#connections = connections;
    this.#options = options;
  }

  /** Forgets everything, and takes note of the probes that are going to be asked. */
  expect(ahead: readonly Probe[]): void {
    this.#known.clear();
    this.#ahead = ahead;
  }

  /**
   * What the host answers to `probe`: what was learned ahead, or the answer of a new round trip.
   * Throws `ProbeError`, `ConnectionDropped`, `ScriptTimeout`.
   */
  async observe<Observed>(probe: Probe<Observed>): Promise<Observed> {
    const key = keyOf(probe);
    if (!this.#known.has(key)) await this.#ask([probe, ...this.#ahead]);
    const kept = this.#known.get(key);
    if (!kept) throw new ProbeError('the host gave no answer');
    return probe.parse(kept.answer);
  }

  /** Asks anew, whatever was known. */
  async observeAgain<Observed>(probe: Probe<Observed>): Promise<Observed> {
    this.#known.delete(keyOf(probe));
    return this.observe(probe);
  }

  /**
   * Something changed on this host: nothing that was learned holds, and nothing more is asked ahead, because what
   * changed once in a phase mostly changes again.
   */
  changed(): void {
    this.#known.clear();
    this.#ahead = [];
  }

  /** Something changed elsewhere: drops what was learned about these. */
  changedElsewhere(touched: readonly ResourceKey[]): void {
    for (const [key, kept] of this.#known) {
      if (kept.reads.some((resource) => touched.includes(resource))) this.#known.delete(key);
    }
  }

  async #ask(probes: readonly Probe[]): Promise<void> {
    this.#ahead = [];
    const questions = new Map<string, { probe: Probe; reads: Set<ResourceKey> }>();
    for (const probe of probes) {
      const key = keyOf(probe);
      const question = questions.get(key) ?? { probe, reads: new Set() };
      for (const resource of probe.reads) question.reads.add(resource);
      questions.set(key, question);
    }
    const frame = frameOf([...questions.values()].map((question) => question.probe));
    const answers = frame.split(await this.#send(frame.script));
    [...questions].forEach(([key, question], index) => {
      const answer = answers[index];
      if (answer) this.#known.set(key, { answer, reads: [...question.reads] });
    });
  }

  /** Reading twice does no harm, so a dropped connection is opened anew once. */
  async #send(script: string): Promise<{ stdout: string; stderr: string }> {
    const { timeoutMs, signal } = this.#options;
    const run = async (): Promise<{ stdout: string; stderr: string }> => {
      const connected = this.#connections.of(this.#host.name);
      if (!connected.ok) throw new ConnectionDropped(connected.message);
      return connected.session.run(script, { timeoutMs, ...(signal ? { signal } : {}) });
    };
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ConnectionDropped)) throw error;
      await this.#connections.reopen(this.#host);
      return run();
    }
  }
}

import type { Client, ClientChannel } from 'ssh2';

import { ConnectError, ForwardError } from './errors.ts';
import { disconnect, forwardThrough, login, type LoginOptions } from './login.ts';
import { whereOf, type Destination } from './route.ts';
import { within } from './timers.ts';

export interface JumpOptions extends Omit<LoginOptions, 'signal' | 'password' | 'through' | 'onStage'> {
  /** Milliseconds for each hop. */
  readonly timeoutMs: number;
}

/**
 * Connections to jump hosts: one for each distinct chain, shared by all hosts behind it. A chain that dropped or failed is
 * reconnected for the next host that needs it. Jump hosts are never offered the hosts' password.
 */
export class JumpHosts {
  readonly #chains = new Map<string, Promise<Client>>();

  /** Opens a connection to `to` through a chain of hosts, first hop first. Throws `ConnectError`. */
  async connectThrough(
    to: Destination,
    chain: readonly Destination[],
    options: JumpOptions,
  ): Promise<ClientChannel> {
    const last = chain.at(-1);
    if (!last) throw new Error('a chain of jump hosts has at least one');
    return forward(await this.#connected(chain, options), last, to);
  }

  async close(): Promise<void> {
    // The last hop of each chain first: it runs over the ones before it.
    const chains = [...this.#chains.values()].reverse();
    this.#chains.clear();
    for (const chain of chains) await chain.then(disconnect, () => undefined);
  }

  #connected(chain: readonly Destination[], options: JumpOptions): Promise<Client> {
    const key = JSON.stringify([chain, options.knownHosts, options.acceptNew]);
    const existing = this.#chains.get(key);
    if (existing) return existing;
    const connecting = this.#connect(chain, options);
    this.#chains.set(key, connecting);
    const forget = (): void => {
      if (this.#chains.get(key) === connecting) this.#chains.delete(key);
    };
    connecting.then((client) => client.on('close', forget), forget);
    return connecting;
  }

  async #connect(chain: readonly Destination[], options: JumpOptions): Promise<Client> {
    const hop = chain.at(-1);
    if (!hop) throw new Error('a chain of jump hosts has at least one');
    const before = chain.slice(0, -1);
    try {
      const through = before.length > 0 ? await this.connectThrough(hop, before, options) : undefined;
      return await within(
        options,
        () => loginTimeout(hop, options.timeoutMs),
        (signal) => login(hop, { ...options, signal, ...(through ? { through } : {}) }),
      );
    } catch (error) {
      if (!(error instanceof ConnectError) || error.kind === 'jump-failed') throw error;
      throw new ConnectError('jump-failed', `the jump host: ${error.message}`, error.hint, { cause: error });
    }
  }
}

function loginTimeout(hop: Destination, timeoutMs: number): ConnectError {
  return new ConnectError(
    'timed-out',
    `${whereOf(hop)}: login timed out after ${timeoutMs / 1000} s`,
    'is it up, and does a firewall allow SSH? To wait longer: --connect-timeout SECONDS',
  );
}

async function forward(client: Client, hop: Destination, to: Destination): Promise<ClientChannel> {
  try {
    return await forwardThrough(client, to);
  } catch (cause) {
    const prohibited = cause instanceof ForwardError && cause.prohibited;
    throw new ConnectError(
      prohibited ? 'jump-failed' : 'unreachable',
      prohibited
        ? `the jump host ${whereOf(hop)} does not permit connections to ${whereOf(to)}`
        : `the jump host ${whereOf(hop)} cannot reach ${whereOf(to)}: ${(cause as Error).message}`,
      prohibited
        ? 'allow it in its sshd_config (AllowTcpForwarding, PermitOpen)'
        : 'is the host up, is sshd running there, and can the jump host reach that network?',
      { cause },
    );
  }
}

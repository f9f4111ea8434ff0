import pLimit from 'p-limit';
import type { Host } from '../inventory/types.ts';
import type { ScriptResult, Transport } from '../transport/session.ts';
import { ConnectionDropped, ScriptTimeout } from '../transport/errors.ts';
import { Connections } from './connections.ts';
import type { EventSink } from './events.ts';

export interface ExecOptions {
  readonly transport: Transport;
  /** Hosts worked on at the same time. */
  readonly forks: number;
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
  readonly acceptNew: boolean;
  readonly signal: AbortSignal;
  readonly emit: EventSink;
  onOutput?(host: string, stream: 'stdout' | 'stderr', chunk: string): void;
  /** Called as soon as a host is done. */
  onResult?(host: string, result: ExecResult): void;
}

export type ExecResult =
  | ({ readonly kind: 'ended' } & ScriptResult)
  | { readonly kind: 'unreachable'; readonly message: string; readonly hint?: string }
  | { readonly kind: 'broken-off'; readonly message: string };

/** Runs one script on every host, `forks` at a time. Returns the results by host name, in the order of `hosts`. */
export async function execEverywhere(
  hosts: readonly Host[],
  script: string,
  options: ExecOptions,
): Promise<ReadonlyMap<string, ExecResult>> {
  const connections = new Connections(options.transport, {
    timeoutMs: options.connectTimeoutMs,
    acceptNew: options.acceptNew,
    signal: options.signal,
  });
  const limit = pLimit(options.forks);
  try {
    await connections.open(hosts, options.forks, options.emit);
    const results = await Promise.all(
      hosts.map((host) =>
        limit(async (): Promise<[string, ExecResult]> => {
          const result = await execOn(connections, host, script, options);
          options.onResult?.(host.name, result);
          return [host.name, result];
        }),
      ),
    );
    return new Map(results);
  } finally {
    await connections.close();
  }
}

async function execOn(
  connections: Connections,
  host: Host,
  script: string,
  options: ExecOptions,
): Promise<ExecResult> {
  const connected = connections.of(host.name);
  if (!connected.ok) {
    return {
      kind: 'unreachable',
      message: connected.message,
      ...(connected.hint === undefined ? {} : { hint: connected.hint }),
    };
  }
  try {
    const result = await connected.session.run(script, {
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      onOutput: (stream, chunk) => options.onOutput?.(host.name, stream, chunk),
    });
    return { kind: 'ended', ...result };
  } catch (error) {
    if (error instanceof ConnectionDropped || error instanceof ScriptTimeout || options.signal.aborted) {
      return { kind: 'broken-off', message: error instanceof Error ? error.message : String(error) };
    }
    throw error;
  }
}

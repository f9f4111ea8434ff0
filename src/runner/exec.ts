import pLimit from 'p-limit';
import type { Host } from '../inventory/types.ts';
import type { ScriptResult } from '../transport/session.ts';
import { ConnectionDropped, ScriptTimeout } from '../transport/errors.ts';
import { whileConnected, type Connections, type ConnectSettings } from './connections.ts';

export interface ExecOptions extends ConnectSettings {
  readonly timeoutMs: number;
  onOutput?(host: string, stream: 'stdout' | 'stderr', chunk: string): void;
  /** Called as soon as a host is done. */
  onResult?(host: string, result: ExecResult): void;
}

export type ExecResult =
  | ({ readonly kind: 'ended' } & ScriptResult)
  | { readonly kind: 'unreachable'; readonly message: string; readonly hint?: string }
  | { readonly kind: 'broken-off'; readonly message: string };

/** Runs one script on every host, `forks` at a time. Returns the results by host name, in the order of `hosts`. */
export function execEverywhere(
  hosts: readonly Host[],
  script: string,
  options: ExecOptions,
): Promise<ReadonlyMap<string, ExecResult>> {
  const limit = pLimit(options.forks);
  return whileConnected(hosts, options, async (connections) => {
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
  });
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

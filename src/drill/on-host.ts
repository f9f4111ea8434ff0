import type { Host } from '../inventory/types.ts';
import type { DrillScript } from '../playbook/drill.ts';
import { asSecretText } from '../secrets/text.ts';
import type { Session } from '../transport/session.ts';
import { within } from '../transport/timers.ts';
import { DrillError } from './errors.ts';

/** Opens a session on a host. Throws `ConnectError`. */
export type Connect = (host: Host, signal: AbortSignal) => Promise<Session>;

/** Runs a script on a host in a session of its own. Returns its output; throws `DrillError` where it fails or takes too long. */
export function runOn(
  host: Host,
  { script, input }: DrillScript,
  {
    connect,
    timeoutMs,
    signal,
  }: { readonly connect: Connect; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<string> {
  const late = (): Error => new DrillError(`${host.name} timed out after ${timeoutMs / 1000} s`);
  return within({ timeoutMs, signal }, late, async (limited) => {
    const session = await connect(host, limited);
    try {
      const result = await session.run(script, {
        timeoutMs,
        signal: limited,
        ...(input === undefined ? {} : { input: asSecretText(input).reveal() }),
      });
      if (result.exitCode === 0) return result.stdout;
      throw new DrillError(`a command on ${host.name} exited with ${result.exitCode}`, {
        output: result.stderr,
      });
    } finally {
      await session.close().catch(() => undefined);
    }
  });
}

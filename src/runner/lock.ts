import type { RunContext } from './context.ts';

/** Milliseconds to wait for the answer whether a host's lock is free. */
const LOCK_TIMEOUT_MS = 10_000;

/**
 * Takes the lock of every host that may be changed. It lives as long as the host's session does, so it cannot be left
 * behind. Returns false, and notes the refusal, when another run holds one.
 */
export async function takeLocks(context: RunContext, owner: string): Promise<boolean> {
  const hosts = context.present(context.plan.hosts);
  const answers = await Promise.all(
    hosts.map(async (host) => {
      const connected = context.connections.of(host.name);
      return connected.ok ? connected.session.lock(owner, LOCK_TIMEOUT_MS) : { ok: true as const };
    }),
  );
  const held = answers.flatMap((answer, index) =>
    answer.ok ? [] : [`${hosts[index]?.name ?? ''} is held by ${answer.holder}`],
  );
  if (held.length === 0) return true;
  context.refuse(`another run holds the lock: ${held.join('; ')}`);
  return false;
}

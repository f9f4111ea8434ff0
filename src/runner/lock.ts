import type { RunContext } from './context.ts';

/**
 * Takes the lock of every host that may be changed. It lives as long as the host's session does, so it cannot be left
 * behind. Returns false, and notes the refusal, when another run holds one.
 */
export async function takeLocks(context: RunContext, owner: string): Promise<boolean> {
  const held = await context.connections.lock(context.present(context.plan.hosts), owner);
  if (held.length === 0) return true;
  const holders = held.map(({ host, holder }) => `${host} is held by ${holder}`).join('; ');
  context.refuse(`another run holds the lock: ${holders}`);
  return false;
}

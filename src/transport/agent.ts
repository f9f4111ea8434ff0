import type { BaseAgent, ParsedKey } from 'ssh2';

/** Milliseconds that an agent may take to list its keys: one that asks a smart card takes a second or two. */
const ANSWERS_WITHIN_MS = 5000;

/** An agent that answers, and how many of its keys can be offered. */
export interface LivingAgent {
  readonly agent: BaseAgent;
  readonly keys: number;
}

/**
 * The agent of the environment; `undefined` when there is none, or a dead one, or one without a key to offer, or one that
 * hangs (default 5 s). With `only`
 * (public keys as they go over the wire) it is as if it held no others.
 */
export async function livingAgent(
  only?: readonly Buffer[],
  withinMs = ANSWERS_WITHIN_MS,
): Promise<LivingAgent | undefined> {
  const socket = process.env['SSH_AUTH_SOCK'];
  if (socket === undefined || socket === '') return undefined;
  const { default: ssh2 } = await import('ssh2');
  const agent = ssh2.createAgent(socket);
  if (only) {
    const all = agent.getIdentities.bind(agent);
    const wanted = (key: unknown): boolean => {
      const parsed = ssh2.utils.parseKey(key as ParsedKey);
      return !(parsed instanceof Error) && only.some((blob) => blob.equals(parsed.getPublicSSH()));
    };
    agent.getIdentities = (answer) => all((error, keys) => answer(error, keys?.filter(wanted)));
  }
  return new Promise((found) => {
    const late = setTimeout(() => found(undefined), withinMs);
    agent.getIdentities((error, keys) => {
      clearTimeout(late);
      found(error || !keys || keys.length === 0 ? undefined : { agent, keys: keys.length });
    });
  });
}

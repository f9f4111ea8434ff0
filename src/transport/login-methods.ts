import type { AuthHandlerMiddleware } from 'ssh2';
import type { Secret } from '../secrets/secret.ts';
import { livingAgent } from './agent.ts';
import type { Destination } from './connect-failure.ts';
import { encryptedIdentity, identitiesOf } from './identities.ts';

type Method = Exclude<Parameters<Parameters<AuthHandlerMiddleware>[2]>[0], string | false>;

/** Tells ssh2 that there is nothing more to try; its types lack it. */
const NONE_LEFT = false as never;

/** How to log in somewhere: what is tried one after another, and what that turned out to be. */
export interface LoginMethods {
  readonly handler: AuthHandlerMiddleware;
  /** What was tried, and what the host would have taken: for the message when nothing fitted. */
  tried(): string;
}

/**
 * The key files (the inventory's, or those of ssh's configuration, or the user's own), then the agent's keys, then the
 * password if there is one. An agent that does not answer is left out. Throws a `ConnectError` when the inventory's key cannot be used.
 */
export async function loginMethods(to: Destination, password: Secret | undefined): Promise<LoginMethods> {
  const username = to.user;
  const { usable, skipped, certificates, publicKeys } = identitiesOf(to);
  const agent = await livingAgent(to.identitiesOnly ? publicKeys : undefined);
  if (agent === undefined && to.identity !== undefined && skipped.length > 0) {
    throw encryptedIdentity(to.identity);
  }
  const methods: Method[] = usable.map(({ key }) => ({ type: 'publickey', username, key }));
  const names = usable.map(({ file }) => `the key ${file}`);
  if (agent) {
    methods.push({ type: 'agent', username, agent: agent.agent });
    names.push(`${agent.keys} key${agent.keys === 1 ? '' : 's'} of the agent`);
  }
  if (password) {
    methods.push({ type: 'password', username, password: password.reveal() }, asked(username, password));
    names.push('the password');
  }
  let accepted: readonly string[] = [];
  const left = [...methods];
  return {
    handler: (methodsLeft: readonly string[] | null, _partial, next) => {
      if (methodsLeft) accepted = methodsLeft;
      let method = left.shift();
      // "agent" is a way to answer "publickey". What the host does not take would only be counted against us.
      while (
        method &&
        methodsLeft &&
        !methodsLeft.includes(method.type === 'agent' ? 'publickey' : method.type)
      ) {
        method = left.shift();
      }
      next(method ?? NONE_LEFT);
    },
    tried: () => {
      const offer = names.length > 0 ? `with ${names.join(', ')}` : 'without any key or password';
      const rest = skipped.map(({ file, why }) => `; ${file} ${why}`).join('');
      const unused = certificates
        .map((file) => `; the certificate ${file} was not offered: osha cannot`)
        .join('');
      return `${offer}${rest}${unused}${accepted.length > 0 ? ` (it takes: ${accepted.join(', ')})` : ''}`;
    },
  };
}

/** Hosts that ask for the password by PAM, instead of taking it. */
function asked(username: string, password: Secret): Method {
  let answered = false;
  return {
    type: 'keyboard-interactive',
    username,
    prompt: (_name, _instructions, _language, prompts, finish) => {
      const again = answered;
      answered ||= prompts.length > 0;
      finish(prompts.map(({ echo }) => (echo || again ? '' : password.reveal())));
    },
  };
}

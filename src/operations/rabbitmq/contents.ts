import type { Host } from '../../inventory/types.ts';
import type { Change, Operation } from '../../playbook/operation.ts';
import type { Secret } from '../../secrets/secret.ts';
import { text, type SecretText } from '../../secrets/text.ts';
import { quote, quoteAll } from '../shell.ts';
import { noteScript, type Made } from './made.ts';
import {
  inVhost,
  held,
  observeHeld,
  type AskOptions,
  type NodeObservation,
  type Permissions,
  type Policy,
} from './observe.ts';
import { isDeepStrictEqual } from 'node:util';

/** The virtual host exists. One that osha creates is noted as its own. Probed on the node of `host`. */
export function vhost(host: Host, name: string, options: AskOptions): Operation<NodeObservation> {
  return {
    scope: 'host',
    runsOnce: true,
    title: `virtual host ${name}`,
    probe: observeHeld(`vhost ${name}`, options.platform, host, options.credentials),
    decide: ({ node }) =>
      node?.vhosts.includes(name)
        ? []
        : [
            {
              summary: `create virtual host ${name}`,
              script: `${noteScript({ kind: 'vhost', name })}\nrabbitmqctl -q add_vhost ${quote(name)}`,
              touches: [held(`vhost ${name}`)],
            },
          ],
  };
}

export interface UserOptions extends AskOptions {
  readonly password: Secret;
  /** Default none. */
  readonly tags?: readonly string[];
  /** By virtual host; default everything in `/`. */
  readonly permissions?: Readonly<Record<string, Permissions>>;
  /** Note in the cluster what osha creates of it, so that it can be pruned later; default false. */
  readonly noted?: boolean;
}

const EVERYTHING: Permissions = { configure: '.*', write: '.*', read: '.*' };

/** The user exists with this password, exactly these tags, and these permissions. Probed on the node of `host`. */
export function user(host: Host, name: string, options: UserOptions): Operation<NodeObservation> {
  const { password, tags = [], permissions = { '/': EVERYTHING }, noted = false } = options;
  const credentials = options.credentials ?? credentialsOf({ [name]: password });
  const who = quote(name);
  const note = (made: Made): string => (noted ? `${noteScript(made)}\n` : '');
  // rabbitmqctl reads the password from stdin if it is not an argument.
  const withPassword = (summary: string, command: string): Change => ({
    ...userChange(name, summary, `rabbitmqctl -q ${command} ${who}`),
    input: text`${password}\n`,
  });
  const create = (): Change => {
    const plain = withPassword(`create user ${name}`, 'add_user');
    // The command for the note must not consume the password on stdin.
    return {
      ...plain,
      script: `${noted ? `(${noteScript({ kind: 'user', name })}) </dev/null\n` : ''}${plain.script}`,
    };
  };
  return {
    scope: 'host',
    runsOnce: true,
    title: `broker user ${name}`,
    probe: observeHeld(`user ${name}`, options.platform, host, credentials),
    decide: ({ node }) => {
      const found = node?.users.get(name);
      const sameTags = found !== undefined && sorted(found) === sorted(tags);
      return [
        ...(found ? [] : [create()]),
        ...(found && !node?.passwords.get(name)
          ? [withPassword(`set the password of user ${name}`, 'change_password')]
          : []),
        ...(sameTags || (!found && tags.length === 0)
          ? []
          : [
              userChange(
                name,
                `tag user ${name}: ${tags.join(', ') || 'none'}`,
                `rabbitmqctl -q set_user_tags ${who} ${quoteAll(tags)}`,
              ),
            ]),
        ...Object.entries(permissions)
          .filter(([vhost, wanted]) => !samePermissions(node?.permissions.get(inVhost(vhost, name)), wanted))
          .map(([vhost, { configure, write, read }]) => {
            const isNew = !node?.permissions.has(inVhost(vhost, name));
            return userChange(
              name,
              `permit user ${name} in ${vhost}: configure ${configure}, write ${write}, read ${read}`,
              `${isNew ? note({ kind: 'permission', vhost, name }) : ''}rabbitmqctl -q set_permissions -p ${quote(vhost)} -- ${quoteAll([name, configure, write, read])}`,
            );
          }),
      ];
    },
  };
}

/** The user does not exist. */
export function userAbsent(
  host: Host,
  name: string,
  options: Pick<AskOptions, 'platform'>,
): Operation<NodeObservation> {
  return {
    scope: 'host',
    runsOnce: true,
    title: `no broker user ${name}`,
    probe: observeHeld(`user ${name}`, options.platform, host),
    decide: ({ node }) =>
      node?.users.has(name)
        ? [userChange(name, `delete user ${name}`, `rabbitmqctl -q delete_user ${quote(name)}`)]
        : [],
  };
}

/** The input with which a probe checks passwords, by the user's name. */
export function credentialsOf(passwords: Readonly<Record<string, Secret>>): SecretText {
  return text`${Object.entries(passwords).map(([name, password]) => text`${name}\t${password}`)}\n`;
}

export interface PolicyOptions extends AskOptions {
  readonly pattern: string;
  readonly definition: Readonly<Record<string, unknown>>;
  /** Default `queues`. */
  readonly applyTo?: string;
  /** Default 0; of several matching policies, the one with the highest priority applies. */
  readonly priority?: number;
  /** Default `/`. */
  readonly vhost?: string;
  /** Note in the cluster that osha created it, so that it can be pruned later; default false. */
  readonly noted?: boolean;
}

/** The policy exists with exactly these values. Probed on the node of `host`. */
export function policy(host: Host, name: string, options: PolicyOptions): Operation<NodeObservation> {
  const { pattern, definition, applyTo = 'queues', priority = 0, vhost = '/', noted = false } = options;
  const at = inVhost(vhost, name);
  const wanted: Policy = { pattern, definition, applyTo, priority };
  return {
    scope: 'host',
    runsOnce: true,
    title: `policy ${name}`,
    probe: observeHeld(`policy ${at}`, options.platform, host, options.credentials),
    decide: ({ node }) => {
      if (isSamePolicy(node?.policies.get(at), wanted)) return [];
      const flags = quoteAll(['-p', vhost, '--priority', String(priority), '--apply-to', applyTo]);
      const note = noted && !node?.policies.has(at) ? `${noteScript({ kind: 'policy', vhost, name })}\n` : '';
      return [
        {
          summary: `set policy ${name} on ${pattern}${vhost === '/' ? '' : ` in ${vhost}`}`,
          script: `${note}rabbitmqctl -q set_policy ${flags} -- ${quoteAll([name, pattern, JSON.stringify(definition)])}`,
          touches: [held(`policy ${at}`)],
        },
      ];
    },
  };
}

/** Compares clones, because the prototypes differ: maps in an inventory have none. */
function isSamePolicy(found: Policy | undefined, wanted: Policy): boolean {
  return isDeepStrictEqual(structuredClone(found), structuredClone(wanted));
}

/** The policy does not exist. */
export function policyAbsent(
  host: Host,
  name: string,
  options: Pick<PolicyOptions, 'platform' | 'vhost'>,
): Operation<NodeObservation> {
  const { platform, vhost = '/' } = options;
  return {
    scope: 'host',
    runsOnce: true,
    title: `no policy ${name}`,
    probe: observeHeld(`policy ${inVhost(vhost, name)}`, platform, host),
    decide: ({ node }) =>
      node?.policies.has(inVhost(vhost, name))
        ? [
            {
              summary: `clear policy ${name}`,
              script: `rabbitmqctl -q clear_policy -p ${quote(vhost)} ${quote(name)}`,
              touches: [held(`policy ${inVhost(vhost, name)}`)],
            },
          ]
        : [],
  };
}

function userChange(name: string, summary: string, script: string): Change {
  return { summary, script, touches: [held(`user ${name}`)] };
}

function sorted(tags: readonly string[]): string {
  return [...tags].sort().join(' ');
}

function samePermissions(found: Permissions | undefined, wanted: Permissions): boolean {
  return (
    found !== undefined &&
    found.configure === wanted.configure &&
    found.write === wanted.write &&
    found.read === wanted.read
  );
}

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
} from './observe.ts';

export interface UserOptions extends AskOptions {
  readonly password: Secret;
  /** Default none. */
  readonly tags?: readonly string[];
  /** By virtual host; default everything in `/`. */
  readonly permissions?: Readonly<Record<string, Permissions>>;
  /** Note in the cluster what of it osha makes, so that it can be pruned later; default false. */
  readonly noted?: boolean;
}

const EVERYTHING: Permissions = { configure: '.*', write: '.*', read: '.*' };

/** What the broker is asked about the passwords of users, by name. */
export function credentialsOf(passwords: Readonly<Record<string, Secret>>): SecretText {
  return text`${Object.entries(passwords).map(([name, password]) => text`${name}\t${password}`)}\n`;
}

function change(name: string, summary: string, script: string): Change {
  return { summary, script, touches: [held(`user ${name}`)] };
}

/** The user exists with this password, exactly these tags, and these permissions. Asked of the node on `host`. */
export function user(host: Host, name: string, options: UserOptions): Operation<NodeObservation> {
  const { password, tags = [], permissions = { '/': EVERYTHING }, noted = false } = options;
  const credentials = options.credentials ?? credentialsOf({ [name]: password });
  const who = quote(name);
  const note = (made: Made): string => (noted ? `${noteScript(made)}\n` : '');
  // rabbitmqctl takes a password on stdin where no argument gives one.
  const withPassword = (summary: string, command: string): Change => ({
    ...change(name, summary, `rabbitmqctl -q ${command} ${who}`),
    input: text`${password}\n`,
  });
  const create = (): Change => {
    const plain = withPassword(`create user ${name}`, 'add_user');
    // The note must not read the password from stdin.
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
              change(
                name,
                `tag user ${name}: ${tags.join(', ') || 'none'}`,
                `rabbitmqctl -q set_user_tags ${who} ${quoteAll(tags)}`,
              ),
            ]),
        ...Object.entries(permissions)
          .filter(([vhost, wanted]) => !samePermissions(node?.permissions.get(inVhost(vhost, name)), wanted))
          .map(([vhost, { configure, write, read }]) => {
            const isNew = !node?.permissions.has(inVhost(vhost, name));
            return change(
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
        ? [change(name, `delete user ${name}`, `rabbitmqctl -q delete_user ${quote(name)}`)]
        : [],
  };
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

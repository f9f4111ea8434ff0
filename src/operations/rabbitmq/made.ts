import { quote } from '../shell.ts';

/** An object in a broker that osha created. */
export type Made =
  | { readonly kind: 'vhost' | 'user'; readonly name: string }
  | { readonly kind: 'permission' | 'policy'; readonly vhost: string; readonly name: string };

/** The prefix of all notes. */
const MARK = 'osha-made';

/**
 * The name of the global runtime parameter that notes an object; one parameter per object, so that writing one cannot
 * lose another. No part has a space, because no name in an inventory has one.
 */
function noteOf(made: Made): string {
  return [MARK, made.kind, ...('vhost' in made ? [made.vhost] : []), made.name].join(' ');
}

/** The object that a global runtime parameter notes; `undefined` where it is none of osha's. */
export function madeOf(parameter: string): Made | undefined {
  const [mark, kind, ...words] = parameter.split(' ');
  if (mark !== MARK) return undefined;
  const [first = '', second = ''] = words;
  if (words.length === 1 && (kind === 'vhost' || kind === 'user')) return { kind, name: first };
  if (words.length === 2 && (kind === 'permission' || kind === 'policy')) {
    return { kind, vhost: first, name: second };
  }
  return undefined;
}

/** Whether both are the same object. */
export function isSame(one: Made, other: Made): boolean {
  return noteOf(one) === noteOf(other);
}

/** A shell command that notes an object, to be run before it is created: a note without its object is harmless. */
export function noteScript(made: Made): string {
  return `rabbitmqctl -q set_global_parameter ${quote(noteOf(made))} true`;
}

/** Shell commands that remove notes, after their objects are deleted. */
export function forgetScript(made: readonly Made[]): string {
  return made.map((one) => `rabbitmqctl -q clear_global_parameter ${quote(noteOf(one))}`).join('\n');
}

/** In words: "user nova", "policy ttl in /". */
export function inWords(made: Made): string {
  switch (made.kind) {
    case 'vhost':
      return `virtual host ${made.name}`;
    case 'user':
      return `user ${made.name}`;
    case 'permission':
      return `permissions of user ${made.name} in ${made.vhost}`;
    case 'policy':
      return `policy ${made.name} in ${made.vhost}`;
  }
}

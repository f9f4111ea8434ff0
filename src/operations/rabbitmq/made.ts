import { quote } from '../shell.ts';

/** Something in a broker that osha made. */
export type Made =
  | { readonly kind: 'vhost' | 'user'; readonly name: string }
  | { readonly kind: 'permission' | 'policy'; readonly vhost: string; readonly name: string };

/** What the names of all notes begin with. */
const MARK = 'osha-made';

/**
 * The global runtime parameter that notes it, one for each thing so that writing one cannot lose another. No part of
 * it has a space, because no name in an inventory has one.
 */
function noteOf(made: Made): string {
  return [MARK, made.kind, ...('vhost' in made ? [made.vhost] : []), made.name].join(' ');
}

/** What a global runtime parameter notes; `undefined` where it is none of osha's. */
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

/** True where both are the same thing. */
export function isSame(one: Made, other: Made): boolean {
  return noteOf(one) === noteOf(other);
}

/** Shell commands that note a thing, to be run before it is made: a note without its thing does no harm. */
export function noteScript(made: Made): string {
  return `rabbitmqctl -q set_global_parameter ${quote(noteOf(made))} true`;
}

/** Shell commands that take notes away again, after the things have gone. */
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

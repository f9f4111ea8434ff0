import { randomInt } from 'node:crypto';
import { newPrivateKey } from './private-key.ts';
import type { SecretRule, SecretRules } from './rule.ts';
import { maskOf, Secret } from './secret.ts';
import { SHORTEST, weaknessOf } from './strength.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';

function characters(count: number, alphabet: string): string {
  // randomInt draws again where a plain remainder would prefer the first letters.
  return Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/**
 * A new value for the secret of that name, which nothing finds weak: once in a while chance spells a word. Throws a
 * `RangeError` where the rule asks for less than 16 characters.
 */
export function generateValue(name: string, rule: SecretRule): string {
  if ('kind' in rule) return newPrivateKey(rule.bits);
  if (rule.length < SHORTEST) throw new RangeError(`a secret of ${rule.length} characters is too short`);
  for (;;) {
    const value = draw(rule);
    if (weaknessOf(name, value, rule) === undefined) return value;
  }
}

function draw(rule: Exclude<SecretRule, { readonly kind: unknown }>): string {
  if (rule.alphabet === 'hex') return characters(rule.length, `${DIGITS}abcdef`);
  // A letter first: no format takes it for a number.
  return characters(1, LETTERS) + characters(rule.length - 1, LETTERS + DIGITS);
}

/** A new secret for each rule. */
export function generateSecrets(rules: SecretRules): Readonly<Record<string, Secret>> {
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, new Secret(name, generateValue(name, rule))]),
  );
}

/** A stand-in for each secret, whose value is its own mask: for what is shown and never sent to a host. */
export function placeholders(rules: SecretRules): Readonly<Record<string, Secret>> {
  return Object.fromEntries(Object.keys(rules).map((name) => [name, new Secret(name, maskOf(name))]));
}

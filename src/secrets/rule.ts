import { bitsOf, readPrivateKey, newPrivateKey } from './private-key.ts';
import { randomInt } from 'node:crypto';
import { maskOf, Secret } from './secret.ts';

/** A secret of letters and digits that is made up when it is missing. */
export interface TokenRule {
  /** Characters; default 32, at least 16. */
  readonly length: number;
  readonly alphabet: 'alphanumeric' | 'hex';
  readonly describe: string;
}

/** A private RSA key that is made when it is missing: PKCS#8 in base64url, so that it is one word like any other secret. */
export interface PrivateKeyRule {
  readonly kind: 'privateKey';
  readonly bits: number;
  readonly describe: string;
}

/** How a secret is made when it is missing. */
export type SecretRule = TokenRule | PrivateKeyRule;

/** The rules of a deployment, by the secret's name. */
export type SecretRules = Readonly<Record<string, SecretRule>>;

/** The rule for a secret of letters and digits, which no configuration format needs to quote. */
export function token(describe: string, length = 32): TokenRule {
  return { length, alphabet: 'alphanumeric', describe };
}

/** The rule for a private RSA key; 3072 bits are what NIST SP 800-57 asks for beyond 2030. */
export function privateKey(describe: string, bits = 3072): PrivateKeyRule {
  return { kind: 'privateKey', bits, describe };
}

/**
 * The rules of several playbooks as one: a secret that two of them name is the same secret. Where they disagree, the
 * longer one counts.
 */
export function mergeRules(owners: readonly { readonly secrets?: SecretRules }[]): SecretRules {
  const rules = new Map<string, SecretRule>();
  for (const [name, rule] of owners.flatMap((owner) => Object.entries(owner.secrets ?? {}))) {
    const known = rules.get(name);
    if (known === undefined || sizeOf(known) < sizeOf(rule)) rules.set(name, rule);
  }
  return Object.fromEntries(rules);
}

/** A new secret for each rule. */
export function generateSecrets(rules: SecretRules): Readonly<Record<string, Secret>> {
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, new Secret(name, generateValue(name, rule))]),
  );
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

/** A stand-in for each secret, whose value is its own mask: for what is shown and never sent to a host. */
export function placeholders(rules: SecretRules): Readonly<Record<string, Secret>> {
  return Object.fromEntries(Object.keys(rules).map((name) => [name, new Secret(name, maskOf(name))]));
}

/** No secret is shorter, generated or written by hand. */
export const SHORTEST = 16;

/** What is wrong with a secret's value; it never holds the value. */
interface Weakness {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
}

/**
 * Why a value must not (error) or should not (warning) be used as the secret that `rule` describes. `inventory` is the
 * file that the hint names.
 */
export function weaknessOf(
  name: string,
  value: string,
  rule: SecretRule,
  inventory = 'INVENTORY',
): Weakness | undefined {
  const again = `make a new one: osha secrets rotate ${inventory} ${name}`;
  const error = (message: string, hint: string): Weakness => ({
    severity: 'error',
    message: `${name} ${message}`,
    hint,
  });
  if ('kind' in rule) {
    const key = readPrivateKey(value);
    if (key === undefined) return error('is no private RSA key', again);
    const bits = bitsOf(key);
    if (bits >= FEWEST_BITS) return undefined;
    return error(`is a key of ${bits} bits, fewer than ${FEWEST_BITS}`, again);
  }
  if (value.length < SHORTEST) {
    return error(`has ${value.length} characters, fewer than ${SHORTEST}`, again);
  }
  if (rule.alphabet === 'hex' && !/^[0-9a-f]+$/i.test(value)) {
    return error('holds other characters than 0-9 and a-f', again);
  }
  // It goes into URLs, SQL and five configuration formats; what needs no quotes cannot be quoted wrongly.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value)) {
    return error(
      'holds characters that configuration files would have to quote',
      'use letters, digits, ".", "_" and "-"',
    );
  }
  if (isRepeated(value)) return error('repeats itself', again);
  if (OBVIOUS.test(value) || spells(value, name)) {
    return {
      severity: 'warning',
      message: `${name} is easy to guess`,
      hint: again,
    };
  }
  return undefined;
}

/** Bits or characters: what the rules of one secret are compared by. */
function sizeOf(rule: SecretRule): number {
  return 'kind' in rule ? rule.bits : rule.length;
}

const OBVIOUS =
  /passw|secret|changeme|change-me|letmein|qwert|admin|default|example|openstack|123456|abcdef/i;

/** Random text of 16 characters has more different ones practically always; a repeated word has not. */
const FEWEST_DIFFERENT = 7;

/** Shorter RSA keys are refused by OpenSSL's default security level. */
const FEWEST_BITS = 2048;

function isRepeated(value: string): boolean {
  return /^(.+?)\1+$/s.test(value) || new Set(value).size < FEWEST_DIFFERENT;
}

/** Chance spells names of up to three letters too often for it to say anything. */
function spells(value: string, name: string): boolean {
  return name.length > 3 && value.toLowerCase().includes(name.toLowerCase());
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const DIGITS = '0123456789';

function characters(count: number, alphabet: string): string {
  // randomInt draws again where a plain remainder would prefer the first letters.
  return Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join('');
}

function draw(rule: Exclude<SecretRule, { readonly kind: unknown }>): string {
  if (rule.alphabet === 'hex') return characters(rule.length, `${DIGITS}abcdef`);
  // A letter first: no format takes it for a number.
  return characters(1, LETTERS) + characters(rule.length - 1, LETTERS + DIGITS);
}

import { bitsOf, readPrivateKey } from './private-key.ts';
import type { SecretRule } from './rule.ts';

/** What is wrong with a secret's value; it never holds the value. */
export interface Weakness {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
}

/** No secret is shorter, generated or written by hand. */
export const SHORTEST = 16;

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

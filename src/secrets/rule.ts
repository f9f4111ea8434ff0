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

/** Bits or characters: what the rules of one secret are compared by. */
function sizeOf(rule: SecretRule): number {
  return 'kind' in rule ? rule.bits : rule.length;
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

/** How a secret is made when it is missing. */
export interface SecretRule {
  /** Characters; default 32, at least 16. */
  readonly length: number;
  readonly alphabet: 'alphanumeric' | 'hex';
  readonly describe: string;
}

/** The rules of a deployment, by the secret's name. */
export type SecretRules = Readonly<Record<string, SecretRule>>;

/** The rule for a secret of letters and digits, which no configuration format needs to quote. */
export function token(describe: string, length = 32): SecretRule {
  return { length, alphabet: 'alphanumeric', describe };
}

/**
 * The rules of several playbooks as one: a secret that two of them name is the same secret. Where they disagree, the
 * longer one counts.
 */
export function mergeRules(owners: readonly { readonly secrets?: SecretRules }[]): SecretRules {
  const rules = new Map<string, SecretRule>();
  for (const [name, rule] of owners.flatMap((owner) => Object.entries(owner.secrets ?? {}))) {
    const known = rules.get(name);
    if (known === undefined || known.length < rule.length) rules.set(name, rule);
  }
  return Object.fromEntries(rules);
}

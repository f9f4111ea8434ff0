import type { LoadedSecrets } from './load.ts';
import type { SecretRules } from './rule.ts';

/** How it stands with one secret. */
export interface SecretState {
  readonly name: string;
  /** What it is for; empty where no rule knows it. */
  readonly describe: string;
  readonly state: 'set' | 'missing' | 'weak' | 'unknown';
}

/** Every secret that is needed or there, in the order of the rules. Holds no values. */
export function secretStates(rules: SecretRules, loaded: LoadedSecrets): readonly SecretState[] {
  const needed = Object.entries(rules).map(([name, { describe }]): SecretState => {
    if (loaded.missing.includes(name)) return { name, describe, state: 'missing' };
    return { name, describe, state: loaded.weak.includes(name) ? 'weak' : 'set' };
  });
  return [...needed, ...loaded.unknown.map((name) => ({ name, describe: '', state: 'unknown' }) as const)];
}

import { mergeRules, type SecretRules } from '../secrets/rule.ts';
import type { Playbook } from './playbook.ts';

/**
 * The rules of the secrets that a deployment needs: those that playbooks declare, and those that only their settings
 * ask for. `settings` are by the playbook's name.
 */
export function secretRules(
  playbooks: readonly Playbook[],
  settings: Readonly<Record<string, unknown>>,
): SecretRules {
  return mergeRules(playbooks.map((playbook) => ({ secrets: rulesOf(playbook, settings[playbook.name]) })));
}

function rulesOf(playbook: Playbook, settings: unknown): SecretRules {
  return { ...playbook.secrets, ...playbook.moreSecrets?.(settings) };
}

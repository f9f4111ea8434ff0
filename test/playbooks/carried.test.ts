import { describe, expect, it } from 'vitest';
import { playbooks } from '../../playbooks/index.ts';
import { checkInventory } from '../../src/inventory/load.ts';
import { platformIds, platformOf } from '../../src/platform/index.ts';
import { carriedSecretsOf } from '../../src/planner/plan.ts';
import { inventoriesWithSecrets } from '../support/inventories-with-secrets.ts';
import { secretRules } from '../../src/playbook/playbook.ts';
import { generateSecrets } from '../../src/secrets/rule.ts';

describe.each(inventoriesWithSecrets)('the secrets of %s', (_name, text) => {
  it('are each declared where they are found, but for the one that nothing uses', () => {
    const { inventory, problems } = checkInventory('inventory.yaml', text, {
      playbooks,
      platforms: platformIds,
    });
    if (!inventory) throw new Error(JSON.stringify(problems));
    const present = playbooks.filter((playbook) => playbook.hosts(inventory).length > 0);
    const rules = secretRules(present, inventory.settings);
    const secrets = generateSecrets(rules);
    const platform = platformOf(inventory.platform);
    const places = carriedSecretsOf({ inventory, playbooks, secrets, platform });
    const declared = new Set(places.map(({ secret }) => secret));
    expect(
      Object.keys(rules).filter((secret) => !declared.has(secret) && secret !== 'keystoneAccount'),
    ).toEqual([]);
    expect([...declared].filter((secret) => !(secret in rules))).toEqual([]);
  });
});

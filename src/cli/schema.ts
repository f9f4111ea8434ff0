import type { Playbook } from '../playbook/playbook.ts';

/** The JSON Schema of an inventory, as text: of any, or of one that has exactly these playbooks. */
export async function schemaText(own?: readonly Playbook[]): Promise<string> {
  const [{ playbooks }, { inventoryJsonSchema }, { platformIds }] = await Promise.all([
    import('../../playbooks/index.ts'),
    import('../inventory/schema.ts'),
    import('../platform/index.ts'),
  ]);
  const schema = inventoryJsonSchema(own ?? playbooks, platformIds, { complete: own !== undefined });
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

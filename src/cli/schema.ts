/** The JSON Schema of an inventory with all built-in playbooks, as text. */
export async function schemaText(): Promise<string> {
  const [{ playbooks }, { inventoryJsonSchema }, { platformIds }] = await Promise.all([
    import('../../playbooks/index.ts'),
    import('../inventory/json-schema.ts'),
    import('../platform/index.ts'),
  ]);
  return `${JSON.stringify(inventoryJsonSchema(playbooks, platformIds), undefined, 2)}\n`;
}

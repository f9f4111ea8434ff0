import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { playbooks } from '../playbooks/index.ts';
import { platformIds } from '../src/platform/index.ts';
import { inventoryJsonSchema } from '../src/inventory/schema.ts';

it('the JSON Schema beside the inventories is that of the built-in playbooks: npm run schema', () => {
  const kept: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, '../schema/inventory.json'), 'utf8'),
  );
  expect(kept).toEqual(JSON.parse(JSON.stringify(inventoryJsonSchema(playbooks, platformIds))));
});

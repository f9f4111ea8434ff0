import { z } from 'zod';
import { fixedShape, OWN_KEY } from './schema.ts';
import type { SettingsSection } from './section.ts';

/** What a JSON Schema is made of: plain data, to be printed. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema (draft 7, which editors' YAML support reads) of an inventory with these sections, for completion and
 * checking while it is written. What only `loadInventory` can check is not in it. An inventory with playbooks of its own
 * may have any further key, unless `sections` has those playbooks too and is `complete`.
 */
export function inventoryJsonSchema(
  sections: readonly SettingsSection[],
  platforms: readonly string[] = [],
  options: { readonly complete?: boolean } = {},
): JsonSchema {
  const [first, ...others] = platforms;
  const platform =
    first === undefined
      ? {}
      : {
          platform: z
            .enum([first, ...others])
            .optional()
            .meta(fixedShape.platform.meta() ?? {}),
        };
  const settings = sections.flatMap(({ name, formerly, settings, title }) => {
    // A key whose settings are all commented out has the value null.
    const shape = z.union([settings, z.null()]).optional();
    const former = { description: `Former name of "${name}"`, deprecated: true };
    return [
      [name, shape.meta({ description: title })],
      ...(formerly === undefined ? [] : [[formerly, shape.meta(former)]]),
    ];
  });
  const shape = {
    ...fixedShape,
    ...platform,
    ...(Object.fromEntries(settings) as Record<string, z.ZodType>),
  };
  const { additionalProperties, ...schema } = z.toJSONSchema(z.strictObject(shape), {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
  });
  const known = { anyOf: [{ enum: Object.keys(shape) }, { pattern: OWN_KEY.source }] };
  return {
    ...schema,
    ...(options.complete
      ? { additionalProperties }
      : { if: { required: ['playbooks'] }, else: { propertyNames: known } }),
    title: 'An inventory of osha',
    // Keys of the author's own, for anchors.
    patternProperties: { [OWN_KEY.source]: {} },
  };
}

import { z } from 'zod';

/** The schemas behind optional, default, union and the like. */
function shapesOf(schema: unknown): readonly unknown[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodNonOptional ||
    schema instanceof z.ZodCatch
  ) {
    return shapesOf(schema.def.innerType);
  }
  if (schema instanceof z.ZodPipe) return shapesOf(schema.def.in);
  if (schema instanceof z.ZodUnion) return schema.def.options.flatMap(shapesOf);
  if (schema instanceof z.ZodIntersection)
    return [...shapesOf(schema.def.left), ...shapesOf(schema.def.right)];
  if (schema instanceof z.ZodLazy) return shapesOf(schema.def.getter());
  return [schema];
}

function childrenOf(schema: unknown, step: PropertyKey): readonly unknown[] {
  if (schema instanceof z.ZodObject) {
    const child: unknown = Object.hasOwn(schema.def.shape, step) ? schema.def.shape[String(step)] : undefined;
    return child === undefined ? [] : [child];
  }
  if (schema instanceof z.ZodRecord) return [schema.def.valueType];
  if (schema instanceof z.ZodArray) return [schema.def.element];
  return [];
}

function schemasAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly unknown[] {
  let current: readonly unknown[] = [schema];
  for (const step of path) current = current.flatMap(shapesOf).flatMap((shape) => childrenOf(shape, step));
  return current;
}

/** The keys that `schema` knows in the map at `path`: what an unknown key may have been meant to be. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const shapes = schemasAt(schema, path).flatMap(shapesOf);
  return [
    ...new Set(shapes.flatMap((shape) => (shape instanceof z.ZodObject ? Object.keys(shape.def.shape) : []))),
  ];
}

/** What the author of `schema` says about the value at `path`. */
export function descriptionAt(schema: z.ZodType, path: readonly PropertyKey[]): string | undefined {
  const described = schemasAt(schema, path).flatMap((found) => [found, ...shapesOf(found)]);
  return described.flatMap((found) => (found instanceof z.ZodType ? (found.description ?? []) : []))[0];
}

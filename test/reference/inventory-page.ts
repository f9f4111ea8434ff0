import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { isRecord } from '../../src/yaml/parse.ts';
import { code, markdownTable, plain } from './table.ts';
import type { JsonSchema } from '../../src/inventory/schema.ts';

type Row = readonly [key: string, type: string, standard: string, meaning: string];

/** Every key of an inventory, with its type, default and meaning, from the JSON Schema of an inventory. */
export function inventoryPage(schema: JsonSchema): string {
  const keys = Object.entries(propertiesOf(schema)).filter(
    ([, value]) => fieldOf(value, 'deprecated') !== true,
  );
  const single = keys.filter(([, value]) => childrenOf(value).length === 0 && typeOf(value) !== 'map');
  const empty = keys.filter(([, value]) => childrenOf(value).length === 0 && typeOf(value) === 'map');
  const sections = keys.filter(([, value]) => childrenOf(value).length > 0);
  const shared = new Map([['ssh', shapeOf(propertiesOf(schema)['ssh'])]]);
  const names = sections.map(([key]) => `[${code(key)}](#${key})`);
  return [
    '# Inventory keys',
    '',
    '<!-- Generated from the JSON Schema of an inventory: npm run reference -->',
    '',
    'Every key is optional unless it is marked as required. `NAME` is a name of your choice; `[]` is each entry of a list.',
    '',
    '- `osha validate` reports every mistake with its line and column. `osha schema` prints this page as a JSON Schema, for editors; [install.md](install.md#editor-support) tells how to use it.',
    '- Keys that begin with `x-` are ignored: a place for YAML anchors.',
    '- An inventory that names playbooks of your own has their keys as well: [playbooks.md](playbooks.md).',
    '- There are no secrets in an inventory: they are in a file next to it ([concepts.md](concepts.md#secrets)).',
    '',
    `Sections: ${names.join(', ')}.`,
    '',
    '## General',
    '',
    ...rowTable(single.map(([key, value]) => row([key], value, isRequired(schema, key)))),
    '',
    `Keys of phases that have no settings of their own, and stay empty: ${empty.map(([key]) => code(key)).join(', ')}.`,
    '',
    ...sections.flatMap(([key, value]) => [
      `## ${key}`,
      '',
      ...(descriptionOf(value) === undefined ? [] : [`${plain(sentence(descriptionOf(value) ?? ''))}`, '']),
      ...rowTable(rowsBelow([key], value, key === 'ssh' ? new Map() : shared)),
      '',
    ]),
  ].join('\n');
}

function rowTable(rows: readonly Row[]): readonly string[] {
  return markdownTable(['key', 'type', 'default', 'meaning'], rows);
}

/** The rows of what is in `value`, depth first. What `shared` has is a reference to its section. */
function rowsBelow(
  path: readonly string[],
  value: unknown,
  shared: ReadonlyMap<string, unknown>,
): readonly Row[] {
  return childrenOf(value).flatMap(({ step, child, required, form }): readonly Row[] => {
    const below = [...path, step];
    const known = [...shared].find(([, shape]) => isDeepStrictEqual(shape, shapeOf(child)));
    const [key, type, standard, described] = row(below, child, required);
    const meaning = form === undefined ? described : `${described} Form ${form}.`.trim();
    if (known) return [[key, type, standard, `${meaning} Keys as in [${code(known[0])}](#${known[0]}).`]];
    // A name, or an entry of a list, says nothing that its parent does not, unless it has keys of its own.
    const own = step === 'NAME' || step === '[]' ? [] : [[key, type, standard, meaning] as const];
    return [...own, ...rowsBelow(below, child, shared)];
  });
}

function row(path: readonly string[], value: unknown, required: boolean): Row {
  const standard = fieldOf(value, 'default');
  const key = path
    .slice(path.length > 1 ? 1 : 0)
    .join('.')
    .replaceAll('.[]', '[]');
  const meaning = descriptionOf(value);
  return [
    code(key),
    typeOf(value),
    required ? '**required**' : standard === undefined ? '' : code(flow(standard)),
    meaning === undefined ? '' : plain(sentence(meaning)),
  ];
}

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

interface Child {
  readonly step: string;
  readonly child: unknown;
  readonly required: boolean;
  /** Of a map that can be written in several forms, which one has this key: `1 of 3`. */
  readonly form?: string | undefined;
}

/** What is directly in a value of this schema, where that is a map or a list of maps. */
function childrenOf(value: unknown): readonly Child[] {
  const alternatives = alternativesOf(value).filter(isRecord);
  const forms = alternatives.filter((one) => isRecord(one['properties']));
  const keys = forms.flatMap((one, index) =>
    Object.entries(propertiesOf(one)).map(([step, child]) => ({
      step,
      child,
      required: isRequired(one, step),
      form: forms.length < 2 ? undefined : `${index + 1} of ${forms.length}`,
    })),
  );
  // What may be one map or a list of such maps has its keys once.
  if (keys.length > 0) return keys;
  return alternatives.flatMap(({ additionalProperties: entries, items }): readonly Child[] => {
    if (childrenOf(entries).length > 0) return [{ step: 'NAME', child: entries, required: false }];
    if (childrenOf(items).length > 0) return [{ step: '[]', child: items, required: false }];
    return [];
  });
}

function alternativesOf(value: unknown): readonly unknown[] {
  const either = fieldOf(value, 'anyOf');
  return Array.isArray(either) ? either.flatMap(alternativesOf) : [value];
}

function typeOf(value: unknown): string {
  const types = alternativesOf(value).flatMap((one) => ownTypeOf(one) ?? []);
  return [...new Set(types)].join(' or ');
}

function ownTypeOf(value: unknown): string | undefined {
  const choices = fieldOf(value, 'enum');
  if (Array.isArray(choices)) return choices.map((choice) => code(String(choice))).join(', ');
  if (isRecord(value) && 'const' in value) return code(String(value['const']));
  switch (fieldOf(value, 'type')) {
    case 'string':
      return 'text';
    case 'integer':
    case 'number':
      return numberWord(value);
    case 'boolean':
      return '`true`, `false`';
    case 'array':
      return listWord(value);
    case 'object':
      return mapWord(value);
    default:
      return undefined;
  }
}

function listWord(value: unknown): string {
  const items = fieldOf(value, 'items');
  const inside = childrenOf(items).length > 0 || Array.isArray(items) ? '' : typeOf(items);
  return inside === '' || inside === 'text' ? 'list' : `list of ${inside}`;
}

function mapWord(value: unknown): string {
  const entries = fieldOf(value, 'additionalProperties');
  if (childrenOf(value).length > 0 || entries === undefined || entries === false) return 'map';
  const inside = typeOf(entries);
  return inside === '' || inside === 'text' ? 'map' : `map of ${inside}`;
}

/** JavaScript's own limits are none. */
function numberWord(value: unknown): string {
  const bound = (name: string): number | undefined => {
    const found = fieldOf(value, name);
    return typeof found === 'number' && Math.abs(found) < Number.MAX_SAFE_INTEGER ? found : undefined;
  };
  const [least, most] = [bound('minimum'), bound('maximum')];
  const [above, under] = [bound('exclusiveMinimum'), bound('exclusiveMaximum')];
  const bounds = [
    ...(least !== undefined && most !== undefined ? [`${least} to ${most}`] : []),
    ...(least !== undefined && most === undefined ? [`at least ${least}`] : []),
    ...(least === undefined && most !== undefined ? [`at most ${most}`] : []),
    ...(above === undefined ? [] : [`more than ${above}`]),
    ...(under === undefined ? [] : [`less than ${under}`]),
  ];
  return bounds.length === 0 ? 'number' : `number, ${bounds.join(', ')}`;
}

function isRequired(schema: unknown, key: string): boolean {
  const required = fieldOf(schema, 'required');
  return Array.isArray(required) && required.includes(key);
}

function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> {
  const properties = fieldOf(schema, 'properties');
  return isRecord(properties) ? properties : {};
}

/** A schema without what is said of it, to be compared. */
function shapeOf(value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'description'));
}

function descriptionOf(value: unknown): string | undefined {
  const description = fieldOf(value, 'description');
  return typeof description === 'string' ? description : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

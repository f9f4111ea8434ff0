import { asSecretText, SecretText, type Text } from '../secrets/text.ts';

/** A value of an INI file; lists are written with commas between. */
export type IniValue = Text | number | boolean | readonly Text[];

/** Keys and values by section; `undefined` values are left out. */
export type IniSections = Readonly<Record<string, Readonly<Record<string, IniValue | undefined>>>>;

function valueParts(value: IniValue): SecretText['parts'] {
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  if (!Array.isArray(value)) return asSecretText(value as Text).parts;
  return (value as readonly Text[]).flatMap((item, index) => [
    ...(index > 0 ? [','] : []),
    ...asSecretText(item).parts,
  ]);
}

/** Throws for a line break within a line: the text after it would be read as another key. */
function checkLine(place: string, parts: SecretText['parts']): void {
  if (!parts.some((part) => /[\n\r]/.test(typeof part === 'string' ? part : part.reveal()))) return;
  throw new Error(`${place} holds a line break, which an INI file cannot hold`);
}

/**
 * An INI file for oslo.config and similar parsers. Sections without values are left out. Throws where a
 * section, a key or a value holds a line break: a defect of the caller.
 */
export function ini(sections: IniSections): SecretText {
  const parts: SecretText['parts'][number][] = ['# Placed by osha.\n'];
  for (const [section, entries] of Object.entries(sections)) {
    const set = Object.entries(entries).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value] as const],
    );
    if (set.length === 0) continue;
    parts.push(`\n[${section}]\n`);
    for (const [key, value] of set) {
      const line = [`${key} = `, ...valueParts(value)];
      checkLine(`${JSON.stringify(key)} in ${JSON.stringify(`[${section}]`)}`, [section, ...line]);
      parts.push(...line, '\n');
    }
  }
  return new SecretText(parts);
}

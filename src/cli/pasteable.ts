import { quote } from '../operations/shell.ts';

/** A command of osha up to the placeholder for the inventory. */
const COMMAND = /(\bosha [a-z-]+(?: (?!INVENTORY\b)[^\s;,:]+)*? )INVENTORY\b(?!\.\w)/g;

/** The fields that osha writes for the reader. Diffs, hosts' output and tables may contain anything. */
const SENTENCES = ['hint', 'message', 'evidence', 'because', 'reason', 'note', 'refused'];

/**
 * Plain data with the inventory's `file` in every command that it suggests: only the verbs know the file, all other code
 * writes `osha status INVENTORY`.
 */
export function pasteable<Value>(value: Value, file: string): Value {
  const inText = (text: string): string =>
    text.replaceAll(COMMAND, (_, before: string) => before + quote(file));
  const inside = (item: unknown, isSentence: boolean): unknown => {
    if (typeof item === 'string') return isSentence ? inText(item) : item;
    if (Array.isArray(item)) return item.map((one) => inside(one, false));
    if (item instanceof Map) return new Map([...item].map(([key, one]) => [key, inside(one, false)]));
    if (typeof item === 'object' && item !== null) {
      return Object.fromEntries(
        Object.entries(item).map(([key, inner]) => [key, inside(inner, SENTENCES.includes(key))]),
      );
    }
    return item;
  };
  return inside(value, false) as Value;
}

import { quote } from '../operations/shell.ts';

/** A command of osha up to where it names the inventory, as code below the command line writes it. */
const COMMAND = /(\bosha [a-z-]+(?: (?!INVENTORY\b)[^\s;,:]+)*? )INVENTORY\b(?!\.\w)/g;

/** Where sentences to the reader stand in what osha tells. A diff, a host's output or a table may hold anything. */
const SENTENCES = ['hint', 'message', 'evidence', 'because', 'reason', 'note', 'refused'];

/**
 * `value`, plain data, with the inventory's `file` in every command that it tells the reader to type: what is below the
 * verbs does not know the file and writes `osha status INVENTORY`.
 */
export function pasteable<Value>(value: Value, file: string): Value {
  const inText = (text: string): string =>
    text.replaceAll(COMMAND, (_, before: string) => before + quote(file));
  const inside = (item: unknown, isSentence: boolean): unknown => {
    if (typeof item === 'string') return isSentence ? inText(item) : item;
    if (Array.isArray(item)) return item.map((one) => inside(one, false));
    if (typeof item === 'object' && item !== null) {
      return Object.fromEntries(
        Object.entries(item).map(([key, inner]) => [key, inside(inner, SENTENCES.includes(key))]),
      );
    }
    return item;
  };
  return inside(value, false) as Value;
}

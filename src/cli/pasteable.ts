import { quote } from '../operations/shell.ts';

/** A command of osha up to where it names the inventory, as whoever does not know its file writes it. */
const COMMAND = /(\bosha [a-z-]+(?: (?!INVENTORY\b)[^\s;,:]+)*? )INVENTORY\b(?!\.\w)/g;

/** Puts the user's own inventory into the commands of a text, so that they can be pasted. */
export function pasteable(inventoryFile: string): (text: string) => string {
  const file = quote(inventoryFile);
  return (text) =>
    text.includes('INVENTORY') ? text.replaceAll(COMMAND, (_, before: string) => before + file) : text;
}

import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Inventory } from '../inventory/types.ts';

/** A file on the operator's machine that an inventory names, or what is wrong with it. */
export type LocalFile =
  { readonly text: string } | { readonly fault: { readonly message: string; readonly hint: string } };

/**
 * The absolute path of a file that an inventory names: relative to the inventory, or to the home directory with `~/`.
 */
export function pathOf(inventory: Pick<Inventory, 'file'>, name: string): string {
  return name.startsWith('~/') ? resolve(homedir(), name.slice(2)) : resolve(dirname(inventory.file), name);
}

/**
 * Reads a text file that an inventory names. With `secret`, a file that other users can read is a fault. Never throws,
 * and no fault contains any of the content.
 */
export function read(
  inventory: Pick<Inventory, 'file'>,
  name: string,
  options: { readonly secret?: true } = {},
): LocalFile {
  const path = pathOf(inventory, name);
  const fault = (message: string, hint: string): LocalFile => ({ fault: { message, hint } });
  try {
    const mode = statSync(path).mode & 0o777;
    if (options.secret && (mode & 0o077) !== 0) {
      return fault(`${name} is readable by other users (mode ${mode.toString(8)})`, `chmod 600 ${path}`);
    }
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return fault(`no such file: ${name}`, `expected at ${path}`);
    if (code === 'EISDIR') return fault(`${name} is a directory`, 'name a file');
    const why = error instanceof Error ? error.message : String(error);
    return fault(`${name} cannot be read: ${why}`, 'make it readable for your user');
  }
}

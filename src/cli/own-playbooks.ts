import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Playbook } from '../playbook/playbook.ts';
import { UserError } from './errors.ts';
import type { Io } from './io.ts';

/**
 * The playbooks that a user's file exports by default. TypeScript is compiled as it is loaded; `osha` and, where the file
 * has none of its own, `zod` are those of this very package, because a second copy of osha would not know the first one's
 * secrets. Throws `UserError`.
 */
export async function ownPlaybooks(io: Io, name: string): Promise<readonly Playbook[]> {
  const file = resolve(io.cwd, name);
  if (!existsSync(file)) throw new UserError(`${name}: there is no such file`);
  const { register: compileTypeScript } = await import('tsx/esm/api');
  compileTypeScript();
  const extension = extname(import.meta.url);
  register<Resolution>(new URL(`./resolve-osha${extension}`, import.meta.url), {
    data: { osha: new URL(`../index${extension}`, import.meta.url).href, self: import.meta.url },
  });
  const exported = await load(name, file);
  const playbooks = Array.isArray(exported) ? (exported as readonly unknown[]) : [exported];
  if (playbooks.length === 0 || !playbooks.every(isPlaybook)) {
    throw new UserError(`${name}: its default export is not a playbook, nor a list of playbooks`, {
      hint: "write: import { playbook } from 'osha'; export default playbook({ ... })",
    });
  }
  return playbooks;
}

/** What the resolver is told. */
export interface Resolution {
  /** The URL of this package's public face. */
  readonly osha: string;
  /** Whose packages are used where the user's file has none. */
  readonly self: string;
}

async function load(name: string, file: string): Promise<unknown> {
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module;
  } catch (error) {
    // The user's own code: its message and the place in the user's file, and nothing of osha's insides.
    const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    const place = stack.split('\n').find((line) => line.includes(file));
    throw new UserError(
      `${name} cannot be loaded: ${message}`,
      place === undefined ? {} : { hint: place.trim() },
    );
  }
  // A CommonJS file has its exports as a whole below `default`.
  const exported = module.default;
  return typeof exported === 'object' && exported !== null && 'default' in exported
    ? exported.default
    : exported;
}

function isPlaybook(value: unknown): value is Playbook {
  const { name, steps, hosts, settings } = (value ?? {}) as Partial<Playbook>;
  return (
    typeof name === 'string' &&
    typeof steps === 'function' &&
    typeof hosts === 'function' &&
    typeof settings === 'object'
  );
}

import type { ResolveHook } from 'node:module';
import type { Resolution } from './own-playbooks.ts';

let resolution: Resolution | undefined;

/** Called by Node once, in the thread in which modules are resolved. */
export function initialize(data: Resolution): void {
  resolution = data;
}

/**
 * `osha` is this package, whoever asks; `zod` is the file's own where it has one, and ours where it has not. TypeScript
 * files are modules, also where no `package.json` says so.
 */
export const resolve: ResolveHook = async (specifier, context, next) => {
  if (!resolution) return next(specifier, context);
  if (specifier === 'osha') return next(resolution.osha, context);
  const resolved = await resolveZod(specifier, context, next);
  return /\.m?ts(\?|$)/.test(resolved.url) ? { ...resolved, format: 'module' } : resolved;
};

const resolveZod: ResolveHook = async (specifier, context, next) => {
  if (specifier !== 'zod' && !specifier.startsWith('zod/')) return next(specifier, context);
  try {
    return await next(specifier, context);
  } catch {
    return next(specifier, { ...context, parentURL: resolution?.self });
  }
};

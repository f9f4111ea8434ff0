import type { ResolveHook } from 'node:module';
import type { Resolution } from './deployed-playbooks.ts';

let resolution: Resolution | undefined;

/** Called once by Node.js, in the thread that resolves modules. */
export function initialize(data: Resolution): void {
  resolution = data;
}

/**
 * Resolves `osha` to this package for every file, and `zod` to this package's where a file has none of its own. TypeScript
 * files are modules, even without a `package.json` that says so.
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

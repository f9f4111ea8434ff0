import { readFileSync } from 'node:fs';

/** This package's version: read from its own `package.json`, which stands two levels up from the source and three from the build. */
export function ownVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        readonly name?: unknown;
        readonly version?: unknown;
      };
      if (found.name === 'osha' && typeof found.version === 'string') return found.version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return 'unknown';
}

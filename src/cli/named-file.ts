import { readFileSync } from 'node:fs';

/** The text of a file that the user named. Throws what the system says, always with the path: reading a folder has none. */
export function readNamedFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}

import { fileURLToPath } from 'node:url';

/** Where the code of osha itself stands, as sources or as a build. */
const OSHA = ['../../src/', '../../playbooks/'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
);

/** A place in a file on this machine. */
export interface CodePlace {
  /** Absolute. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** The first place outside of osha and of packages that the text of an error, or its stack, names. */
export function placeInUserCode(text: string): CodePlace | undefined {
  return placesIn(text).find(({ path }) => !isOsha(path) && !path.includes('/node_modules/'));
}

/** Whether an error that reached the top of the process was thrown by code that is the user's, and where. */
export function thrownByUserCode(error: unknown): CodePlace | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const first = placesIn(stack).find(({ path }) => !path.includes('/node_modules/'));
  return first && !isOsha(first.path) ? first : undefined;
}

function isOsha(path: string): boolean {
  return OSHA.some((folder) => path.startsWith(folder));
}

function placesIn(text: string): readonly CodePlace[] {
  return text.split('\n').flatMap((line): readonly CodePlace[] => {
    const found = /(?:^|[\s('"])((?:file:\/\/)?\/[^()\n]*?)(?:\?[^:()]*)?:(\d+)(?::(\d+))?/.exec(line);
    if (!found) return [];
    // esbuild counts columns from 0.
    const column = Math.max(1, Number(found[3] ?? 1));
    return [{ path: pathOf(found[1] ?? ''), line: Number(found[2]), column }];
  });
}

function pathOf(written: string): string {
  if (!written.startsWith('file://')) return written;
  try {
    return fileURLToPath(written);
  } catch {
    return written;
  }
}

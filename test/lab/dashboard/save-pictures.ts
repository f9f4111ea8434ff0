import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from '../paths.ts';
import { LabError } from '../run.ts';

/** The maximum size, for pages read on mobile connections. */
const MOST_BYTES = 200_000;

/** Writes pictures into `docs/`, by their names there, and says so. A `LabError` becomes a message and the exit code 1. */
export async function savePictures(make: () => Promise<Readonly<Record<string, Buffer>>>): Promise<void> {
  try {
    for (const [name, picture] of Object.entries(await make())) {
      const file = join(ROOT, 'docs', name);
      if (picture.length > MOST_BYTES) throw new LabError(`${file} would have ${picture.length} bytes`);
      writeFileSync(file, picture);
      process.stdout.write(`${relative(process.cwd(), file)} (${Math.round(picture.length / 1000)} kB)\n`);
    }
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    process.stderr.write(
      `error: ${error.message}\n${error.hint === undefined ? '' : `hint: ${error.hint}\n`}`,
    );
    process.exitCode = 1;
  }
}

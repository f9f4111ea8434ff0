import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for one test with commands of its own, each a shell script. Gone afterwards. */
export function inFolder<Result>(
  commands: Readonly<Record<string, string>>,
  use: (folder: string, path: string) => Result,
): Result {
  const folder = mkdtempSync(join(tmpdir(), 'osha-commands-'));
  try {
    for (const [name, script] of Object.entries(commands)) {
      const file = join(folder, name);
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
    }
    return use(folder, `PATH=${folder}:$PATH`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

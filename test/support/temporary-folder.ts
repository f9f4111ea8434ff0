import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

function made(): string {
  return mkdtempSync(join(tmpdir(), 'osha-test-'));
}

function remove(folder: string): void {
  // A test may have taken it away itself.
  rmSync(folder, { recursive: true, force: true });
}

/** An empty folder for all tests of the file or of the `describe` that asks for it; it goes after them. */
export function folderForAll(): string {
  const folder = made();
  afterAll(() => {
    remove(folder);
  });
  return folder;
}

/** An empty folder for the test that runs, asked for in it or in its `beforeEach`; it goes when the test has ended. */
export function folderForTest(): string {
  const folder = made();
  onTestFinished(() => {
    remove(folder);
  });
  return folder;
}

import type { Io } from '../../src/cli/io.ts';
import { listening } from '../render/output.ts';

/** A world without a person in it, wide enough that nothing is wrapped. */
export function silentIo(): Io {
  const wide = listening(10_000);
  return {
    stdout: wide,
    stderr: wide,
    env: {},
    cwd: '.',
    isTTY: false,
    onInterrupt: () => () => undefined,
    quit: () => undefined,
  };
}

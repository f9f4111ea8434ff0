/** Receives the lab's progress, one line at a time. */
export type Log = (line: string) => void;

export const toStdout: Log = (line) => {
  process.stdout.write(`${line}\n`);
};

/**
 * Logs what is being done, and its duration if over two seconds; returns the result of `work`. `work` can report its last
 * line of output, which is shown every ten seconds.
 */
export async function step<T>(
  log: Log,
  what: string,
  work: (tell: (line: string) => void) => Promise<T>,
): Promise<T> {
  const began = Date.now();
  let last = '';
  log(`${what} ...`);
  const timer = setInterval(() => {
    log(`  ${seconds(began)}${last === '' ? '' : `: ${last.slice(0, 100)}`}`);
  }, 10_000);
  try {
    const result = await work((line) => {
      last = line;
    });
    if (Date.now() - began > 2000) log(`  done in ${seconds(began)}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

/** The time since `began` (ms since the epoch), like `3.2 s`. */
export function seconds(began: number): string {
  return `${((Date.now() - began) / 1000).toFixed(1)} s`;
}

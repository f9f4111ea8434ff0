/**
 * Polls until `look` returns true, or fails after `withinMs` saying what was waited for. Returns the milliseconds it took.
 * A look that throws is one that did not find it; what the last one threw is the failure's cause.
 */
export async function until(
  what: string,
  withinMs: number,
  look: () => Promise<boolean>,
  everyMs = 500,
): Promise<number> {
  const started = Date.now();
  let last: unknown;
  for (;;) {
    try {
      if (await look()) return Date.now() - started;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() - started > withinMs) {
      throw new Error(`not within ${withinMs / 1000} s: ${what}`, { cause: last });
    }
    await new Promise((again) => setTimeout(again, everyMs));
  }
}

/**
 * Polls until `look` returns true, and returns the milliseconds it took. Fails after `withinMs` with `what` it waited for.
 * A `look` that throws counts as false; the last error is the failure's cause.
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
      throw new Error(`timed out after ${withinMs / 1000} s waiting for: ${what}`, { cause: last });
    }
    await new Promise((again) => setTimeout(again, everyMs));
  }
}

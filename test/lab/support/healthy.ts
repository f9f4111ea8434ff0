import { osha } from './osha.ts';
import { until } from './until.ts';

/** Waits until `status` finds everything of an inventory healthy; the failure says what it found last. */
export async function untilHealthy(inventory: string, withinMs: number): Promise<void> {
  await until('status is healthy', withinMs, async () => {
    const status = await osha('status', inventory);
    if (status.exitCode !== 0) throw new Error(status.stdout + status.stderr);
    return true;
  });
}

import { z } from 'zod';
import { hostsWith, type Inventory, type InventoryProblem } from 'osha';

/** What an inventory may say under `time:`. */
export const settings = z.strictObject({
  servers: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'a host name or an address'))
    .default([])
    .describe(
      "External time servers that the hosts with the role time follow; default: the pool of the hosts' operating system.",
    ),
  isolated: z
    .boolean()
    .default(false)
    .describe(
      'No time server can be reached: the hosts follow the clock of one of them. Without this setting, that is unhealthy.',
    ),
  control_clock: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe(
      'Whether chrony sets the clock: auto does, except in a container, which shares the clock of its machine.',
    ),
  max_offset_ms: z
    .number()
    .positive()
    .default(100)
    .describe('A clock that is off by more than this is unhealthy.'),
});

export type TimeSettings = z.output<typeof settings>;

/** An isolated deployment follows one of its own hosts, and nothing else. */
export function timeProblems(
  inventory: Inventory,
  { servers, isolated }: TimeSettings,
): readonly InventoryProblem[] {
  if (!isolated) return [];
  const path = ['time', 'isolated'];
  const error = (message: string, hint: string): InventoryProblem => ({
    severity: 'error',
    path,
    message,
    hint,
  });
  if (servers.length > 0) {
    const hint = 'remove "isolated" if the hosts can reach time.servers, or time.servers if they cannot';
    return [error('time servers are named, and the deployment is isolated from them', hint)];
  }
  if (hostsWith(inventory, 'time').length === 0) {
    const hint = 'give a host the role time, or remove "isolated"';
    return [error('there is no clock to follow: no host has the role time', hint)];
  }
  return [];
}

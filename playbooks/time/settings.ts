import { z } from 'zod';
import { hostsWith, type Inventory, type InventoryProblem } from 'osha';

/** The shape of `time:` in an inventory. */
export const settings = z.strictObject({
  servers: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'a host name or an address'))
    .default([])
    .describe(
      "External time servers for the hosts with the role time; default: the NTP pool of the hosts' operating system.",
    ),
  isolated: z
    .boolean()
    .default(false)
    .describe(
      'No external time server is reachable, and the hosts follow the clock of one of them. Without this setting, that is unhealthy.',
    ),
  control_clock: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe(
      'Whether chrony sets the clock; auto: yes, except in a container, which shares the clock of its machine.',
    ),
  max_offset_ms: z
    .number()
    .positive()
    .default(100)
    .describe('Maximum offset of a healthy clock, in milliseconds.'),
});

export type TimeSettings = z.output<typeof settings>;

/** Mistakes in an isolated deployment, which needs a time host and has no external servers. */
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
    const hint = 'remove time.isolated if the hosts can reach time.servers; otherwise remove time.servers';
    return [error('an isolated deployment cannot use external time servers', hint)];
  }
  if (hostsWith(inventory, 'time').length === 0) {
    const hint = 'give a host the role time, or remove time.isolated';
    return [error('isolated without a time source: no host has the role time', hint)];
  }
  return [];
}

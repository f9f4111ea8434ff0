import { z } from 'zod';

/** The shape of `keepalived:` in an inventory. */
export const settings = z.strictObject({
  advert_seconds: z
    .int()
    .min(1)
    .max(60)
    .default(1)
    .describe(
      'Seconds between advertisements of the holder; another host takes over after three missed ones.',
    ),
  preempt: z
    .boolean()
    .default(true)
    .describe('Whether a virtual IP moves back to its preferred holder once that is healthy again.'),
  multicast: z
    .boolean()
    .default(false)
    .describe(
      'Send advertisements by multicast; default: by unicast to each other holder, which works on every network.',
    ),
  multicast_group: z
    .string()
    .regex(
      /^2(2[4-9]|3\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/,
      'a multicast address, 224.0.0.0 to 239.255.255.255',
    )
    .optional()
    .describe('Multicast address; default: 224.0.0.18, that of VRRP.'),
  check: z
    .strictObject({
      interval_seconds: z
        .int()
        .min(1)
        .max(60)
        .default(2)
        .describe('Seconds between checks of HAProxy on the same host; two consecutive failures count.'),
      on_failure: z
        .enum(['lower', 'give_up'])
        .default('give_up')
        .describe(
          'What a holder does when its HAProxy does not respond: lower ranks it below all others, but it keeps the virtual IP if no other host can take it; give_up releases the virtual IP.',
        ),
    })
    .prefault({})
    .describe('Health check of HAProxy that decides whether a holder can hold a virtual IP.'),
  router_ids: z
    .record(z.string(), z.int().min(1).max(255))
    .default({})
    .describe(
      'Virtual router IDs by name of the virtual IP, unique on a network; default: the last number of its address.',
    ),
});

export type KeepalivedSettings = z.output<typeof settings>;

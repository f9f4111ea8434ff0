import { z } from 'zod';

/** The `etcd` key of an inventory. The default times come from etcd's tuning guide. */
export const settings = z.strictObject({
  heartbeat_ms: z
    .int()
    .min(10)
    .max(10_000)
    .default(100)
    .describe("Interval of the leader's heartbeats; about the round trip between the members."),
  election_ms: z
    .int()
    .min(50)
    .max(50_000)
    .default(1000)
    .describe('Time without a heartbeat after which a new leader is elected; at least 5 heartbeats.'),
  quota_mb: z
    .int()
    .min(16)
    .max(8192)
    .default(2048)
    .describe('Size of the data, in MiB, above which etcd accepts only deletions.'),
  compaction_hours: z
    .int()
    .min(0)
    .default(1)
    .describe('Hours to keep old versions of keys; 0 keeps them all.'),
});

export type EtcdSettings = z.output<typeof settings>;

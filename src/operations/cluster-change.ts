import type { Change, Effect, ResourceKey } from '../playbook/operation.ts';

/** Seconds on top of what a script itself waits for: it says what it waited for before it is stopped. */
const GRACE_SECONDS = 60;

export interface ClusterChange {
  /** Such as `cluster:galera`. */
  readonly cluster: ResourceKey;
  /** The unit that runs the member; `mariadb` and `mariadb.service` are the same. */
  readonly unit: string;
  readonly summary: string;
  /** All that it may do to the member; empty for a change that only waits, looks or marks. */
  readonly effects: readonly Effect[];
  readonly script: string;
  /** What the script itself waits for at the longest. */
  readonly seconds: number;
  /** Files that it changes. */
  readonly files?: readonly string[];
}

/** A change to one member of a cluster, which touches the cluster and the member's unit. */
export function clusterChange({
  cluster,
  unit,
  summary,
  effects,
  script,
  seconds,
  files = [],
}: ClusterChange): Change {
  const unitKey: ResourceKey = `unit:${unit.replace(/\.service$/, '')}`;
  return {
    summary,
    effects,
    script,
    touches: [cluster, unitKey, ...files.map((path) => `file:${path}` as const)],
    timeoutMs: (seconds + GRACE_SECONDS) * 1000,
  };
}

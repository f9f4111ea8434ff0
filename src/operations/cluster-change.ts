import type { Change, Effect, ResourceKey, ClusterDecision } from '../playbook/operation.ts';
import { unitKey } from './unit-state.ts';

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

/**
 * A change to one member of a cluster: it touches the membership and the member's unit; one that forms a cluster touches
 * all that the cluster holds.
 */
export function clusterChange({
  cluster,
  unit,
  summary,
  effects,
  script,
  seconds,
  files = [],
}: ClusterChange): Change {
  return {
    summary,
    effects,
    script,
    touches: [
      effects.includes('forms') ? cluster : (`${cluster}/members` as ResourceKey),
      unitKey(unit),
      ...files.map((path) => `file:${path}` as const),
    ],
    timeoutMs: (seconds + GRACE_SECONDS) * 1000,
  };
}

type WithoutEvidence<Decision> = Decision extends unknown ? Omit<Decision, 'evidence'> : never;

/** What a cluster needs, before the evidence is added. */
export type Decided = WithoutEvidence<ClusterDecision>;

import type { Change, Effect, ResourceKey, ClusterDecision } from '../playbook/operation.ts';
import { unitKey } from './unit-state.ts';

/** Seconds on top of the script's own wait, so that it can report what it waited for before it is killed. */
const GRACE_SECONDS = 60;

export interface ClusterChange {
  /** Such as `cluster:galera`. */
  readonly cluster: ResourceKey;
  /** The unit that runs the member; `mariadb` and `mariadb.service` are the same. */
  readonly unit: string;
  readonly summary: string;
  /** Everything that it may do to the member; empty for a change that only waits, inspects or marks. */
  readonly effects: readonly Effect[];
  readonly script: string;
  /** The longest time that the script itself waits. */
  readonly seconds: number;
  /** Files that it changes. */
  readonly files?: readonly string[];
  /** See `Change`. */
  readonly prunes?: true;
}

/**
 * A change to one member of a cluster: it touches the membership and the member's unit; one that forms a cluster
 * touches all that the cluster holds.
 */
export function clusterChange({
  cluster,
  unit,
  summary,
  effects,
  script,
  seconds,
  files = [],
  prunes,
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
    ...(prunes ? { prunes } : {}),
  };
}

type WithoutEvidence<Decision> = Decision extends unknown ? Omit<Decision, 'evidence'> : never;

/** A decision about a cluster, before the evidence is added. */
export type Decided = WithoutEvidence<ClusterDecision>;

import type { ClusterDecision } from '../playbook/operation.ts';

type WithoutEvidence<Decision> = Decision extends unknown ? Omit<Decision, 'evidence'> : never;

/** What a cluster needs, before the evidence is added. */
export type Decided = WithoutEvidence<ClusterDecision>;

import type { Host } from '../inventory/types.ts';
import type {
  Change,
  ClusterDecision,
  ClusterOperation,
  Finding,
  Operation,
  ResourceKey,
} from '../playbook/operation.ts';
import type { VerifyStep } from '../playbook/step.ts';
import type { StepRun } from './step-run.ts';

/** One operation on one host, and how it is carried out. */
export interface Work {
  readonly host: Host;
  readonly operation: Operation;
  /** Waited for before a disruptive change. Returns true where time has passed; may throw. */
  readonly turn: () => Promise<boolean>;
  /** The same operation on other hosts that share its subject, where it runs on one of them only. */
  readonly elsewhere: readonly Pick<Work, 'host' | 'operation'>[];
}

/** How a host comes out of one operation. */
export type WorkEnd = 'ok' | 'changed' | 'would-change' | 'unknown';

/** The result of a verification. */
export interface Verified {
  readonly findings: readonly Finding[];
  /** Why it is only made later: something changes before it. */
  readonly later?: string | undefined;
}

/** A cluster's decision, or why it is unknown until something has changed. */
export type Decision = ClusterDecision | { readonly verdict: 'unknown'; readonly because: ResourceKey };

/**
 * Receives the decisions of a run: `applying` carries them out and proves them, `announcing` emits what applying would do.
 * Both are called by the same walk through the steps, so that a plan announces exactly what a deployment does.
 */
export interface Writer {
  /** The outcome of a host on which a cluster step changed something. */
  readonly changed: 'changed' | 'would-change';
  /** True where each cluster is decided about once, because nothing changes between two decisions. */
  readonly isFinal: boolean;
  /** Brings one host to the state that an operation wants. */
  operation(run: StepRun, work: Work): Promise<WorkEnd>;
  /** `round` counts from 1. */
  decision(run: StepRun, operation: ClusterOperation, round: number): Promise<Decision>;
  /** Makes one change to a member of a cluster. */
  change(run: StepRun, host: string, change: Change): Promise<void>;
  /** Throws `NotHealthy` where it does not pass. */
  verification(run: StepRun, step: VerifyStep): Promise<Verified>;
}

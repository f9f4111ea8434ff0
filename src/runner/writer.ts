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
import type { Place, RunContext } from './context.ts';

/** One operation on one host, and how it is to be carried out. */
export interface Work {
  readonly host: Host;
  readonly operation: Operation;
  /** Waited for before a disruptive change. Returns true where time has passed; may throw. */
  readonly turn: () => Promise<boolean>;
  /** The same operation on other hosts that share what it is about, where it runs on one of them only. */
  readonly elsewhere: readonly Pick<Work, 'host' | 'operation'>[];
}

/** How a host comes out of one operation. */
export type WorkEnd = 'ok' | 'changed' | 'would-change' | 'unknown';

/** What a verification came to. */
export interface Verified {
  readonly findings: readonly Finding[];
  /** Why it is made later only: something changes before it. */
  readonly later?: string | undefined;
}

/** What is decided about a cluster, or why that is not known before something has changed. */
export type Decision = ClusterDecision | { readonly verdict: 'unknown'; readonly because: ResourceKey };

/**
 * What becomes of the decisions of a run: `applying` carries them out and proves them, `announcing` tells what applying
 * would do. Both are called by the same walk through the steps, so that what is announced is what is done.
 */
export interface Writer {
  /** How a host comes out on which a cluster step changed something. */
  readonly changed: 'changed' | 'would-change';
  /** True where a cluster is decided about once: it will have changed only in a deployment. */
  readonly isFinal: boolean;
  /** Brings one host to where an operation wants it. */
  operation(context: RunContext, place: Place, work: Work): Promise<WorkEnd>;
  /** `round` counts from 1. */
  decision(context: RunContext, operation: ClusterOperation, round: number): Promise<Decision>;
  /** One change to a member of a cluster. */
  change(context: RunContext, place: Place, host: string, change: Change): Promise<void>;
  /** Throws `NotHealthy` where it does not pass. */
  verification(context: RunContext, place: Place, step: VerifyStep): Promise<Verified>;
}

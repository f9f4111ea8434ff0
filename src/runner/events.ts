import type { Effect, Evidence, Finding, ResourceKey, TextDiff } from '../playbook/operation.ts';

/** How one host came out of one step. */
export type Outcome =
  | 'ok' // nothing had to be done
  | 'changed'
  | 'would-change' // only with --diff
  | 'unknown' // only with --diff: known after apply; see `may-follow`
  | 'verified-later' // only with --diff: a verification of what the announced changes alter
  | 'failed'
  | 'skipped' // an earlier failure, a step that failed or was refused as a whole, or one that ran on another host
  | 'deferred'; // waits for hosts that --limit leaves out

/** How a whole step came out: the worst of its hosts' outcomes, unless the step itself failed or was refused. */
export type StepOutcome = Outcome | 'refused' | 'interrupted';

export interface StepFailure {
  readonly message: string;
  readonly hint?: string;
  /** The last lines of the command's output. */
  readonly output?: string;
}

/** The totals of a run on one host. */
export interface HostTotals {
  /** Changes that were begun, including those that failed part of the way. With --diff: pending changes. */
  changes: number;
  /** With --diff: operations that may have something to do; see `may-follow`. */
  unknown: number;
  /** Steps in which nothing had to be done. */
  ok: number;
  /** Steps. */
  failed: number;
  /** Steps, including those that were deferred. */
  skipped: number;
  unreachable: boolean;
  durationMs: number;
  roundTrips: number;
}

/** A resource that osha created and the inventory no longer lists. */
export interface Prunable {
  readonly phase: string;
  readonly step: string;
  readonly host: string;
  /** The change that would remove it. */
  readonly summary: string;
}

export type RunMode = 'apply' | 'diff' | 'smoke' | 'clean' | 'drill' | 'backup' | 'restore';

/** The events of a run, in chronological order. One JSON line each with `--json`. */
export type RunEvent =
  | {
      readonly event: 'run-started';
      readonly command: string;
      readonly inventory: string;
      /** `smoke` and `clean` are runs of `osha smoke`; `drill`, `backup` and `restore` of these verbs: their own phases have no hosts. */
      readonly mode: RunMode;
      readonly phases: readonly string[];
      /** The same phases: those of one wave run in parallel, the waves serially. */
      readonly waves: readonly (readonly string[])[];
      readonly hosts: readonly string[];
    }
  | { readonly event: 'connected'; readonly host: string; readonly durationMs: number }
  | { readonly event: 'unreachable'; readonly host: string; readonly message: string; readonly hint?: string }
  /** A host that answers and is unfit, such as another distribution or a full disk. It is left unchanged. */
  | { readonly event: 'rejected'; readonly host: string; readonly message: string; readonly hint?: string }
  | { readonly event: 'warning'; readonly message: string; readonly host?: string }
  | {
      readonly event: 'phase-started';
      readonly phase: string;
      readonly title: string;
      readonly hosts: readonly string[];
      readonly steps: readonly string[];
    }
  | {
      readonly event: 'step-started';
      readonly phase: string;
      readonly step: string;
      readonly title: string;
      readonly hosts: readonly string[];
      readonly strategy: string;
    }
  | { readonly event: 'host-started'; readonly phase: string; readonly step: string; readonly host: string }
  /** A change, before its script is sent, so that the record of a killed run names its last change. */
  | {
      readonly event: 'change';
      readonly phase: string;
      readonly step: string;
      readonly host: string;
      readonly summary: string;
      /** Its effects on a service or a member; see `Change.effects`. */
      readonly effects?: readonly Effect[];
      readonly diff?: TextDiff;
      /** False with --diff. */
      readonly applied: boolean;
    }
  /** The last change that was begun on that host in that step has ended, successfully or not. */
  | {
      readonly event: 'change-finished';
      readonly phase: string;
      readonly step: string;
      readonly host: string;
      readonly summary: string;
      /** True where its script ended with 0; whether it had its effect, the next probe tells. */
      readonly done: boolean;
      readonly durationMs: number;
    }
  /** With --diff: an operation that may have something to do; known once an earlier step has made its changes. */
  | {
      readonly event: 'may-follow';
      readonly phase: string;
      readonly step: string;
      readonly host: string;
      /** The operation's title. */
      readonly operation: string;
      /** The resource that changes before it. */
      readonly because: ResourceKey;
    }
  /** Removed only with --prune. */
  | ({ readonly event: 'prunable' } & Prunable)
  | {
      readonly event: 'output';
      readonly phase: string;
      readonly step: string;
      readonly host: string;
      readonly stream: 'stdout' | 'stderr';
      readonly line: string;
    }
  | {
      readonly event: 'evidence';
      readonly phase: string;
      readonly step: string;
      readonly because: string;
      readonly evidence?: Evidence;
    }
  | {
      readonly event: 'findings';
      readonly phase: string;
      readonly step: string;
      readonly findings: readonly Finding[];
    }
  /** With `osha smoke`, `drill`, `backup` and `restore`: what a step is doing or waiting for. */
  | { readonly event: 'progress'; readonly phase: string; readonly step: string; readonly text: string }
  /** With `osha drill`: what one host measured of one service while another host was away. */
  | {
      readonly event: 'measured';
      readonly phase: string;
      readonly step: string;
      readonly service: string;
      readonly host: string;
      readonly samples: number;
      readonly failed: number;
      readonly longestOutageMs: number;
      readonly downtimeMs: number;
      /** From the moment the host was taken away to the end of the last outage; absent without one, and if it did not end. */
      readonly firstAnswerMs?: number | undefined;
    }
  /** With `osha drill`: what became of the entries that were acknowledged. */
  | {
      readonly event: 'acknowledged';
      readonly phase: string;
      readonly step: string;
      readonly what: string;
      readonly acknowledged: number;
      /** Entries that a member does not have, by its name; only members that were asked. */
      readonly lost: Readonly<Record<string, number>>;
    }
  /** With `osha backup`: what was written. */
  | {
      readonly event: 'backed-up';
      readonly phase: string;
      readonly step: string;
      readonly file: string;
      /** Of the file. */
      readonly bytes: number;
      /** As in its last line: of everything before that, before encryption. */
      readonly sha256: string;
      readonly member: string;
      readonly version: string;
      readonly position: string;
      readonly encrypted: boolean;
      /** Rows of each table. */
      readonly tables: Readonly<Record<string, number>>;
    }
  | {
      readonly event: 'host-finished';
      readonly phase: string;
      readonly step: string;
      readonly host: string;
      readonly outcome: Outcome;
      readonly durationMs: number;
      /** Why it was skipped, deferred, is verified later or is unknown. */
      readonly note?: string;
      readonly failure?: StepFailure;
    }
  | {
      readonly event: 'step-finished';
      readonly phase: string;
      readonly step: string;
      readonly outcome: StepOutcome;
      readonly durationMs: number;
      /** With `osha smoke` and `osha drill`: what was observed, or why it was skipped. */
      readonly note?: string;
      /** Why the step failed or was refused as a whole. The failure of a host is in its `host-finished`. */
      readonly failure?: StepFailure;
    }
  | {
      readonly event: 'phase-finished';
      readonly phase: string;
      readonly outcome: 'ok' | 'changed' | 'failed' | 'refused' | 'skipped' | 'deferred' | 'interrupted';
      readonly durationMs: number;
      /** Scripts sent during the phase, by host. */
      readonly roundTrips: Readonly<Record<string, number>>;
    }
  | {
      readonly event: 'summary';
      /** Over all hosts, as the others; see `HostTotals`. A step on three hosts counts three times. */
      readonly changes: number;
      readonly unknown: number;
      readonly ok: number;
      /** Of the hosts, and steps that failed as a whole, which count for no host. */
      readonly failed: number;
      readonly skipped: number;
      readonly unreachable: number;
      readonly durationMs: number;
      readonly hosts: Readonly<Record<string, HostTotals>>;
      readonly interrupted: boolean;
      /** A refusal's reason: exit code 5. */
      readonly refused?: string;
      /** What to do about it. */
      readonly hint?: string;
      /** Why the record of the run is incomplete. Set by the journal, not by the runner. */
      readonly unrecorded?: string;
    };

/** Receives events: a renderer, the journal. */
export type EventSink = (event: RunEvent) => void;

import type { EventSink, RunEvent } from './events.ts';

export type RunSummary = Extract<RunEvent, { event: 'summary' }>;

export interface LocalRunOptions {
  readonly command: string;
  readonly inventory: string;
  readonly mode: Extract<RunEvent, { event: 'run-started' }>['mode'];
  /** Names of its phases, which run serially. */
  readonly phases: readonly string[];
  readonly signal: AbortSignal;
  readonly emit: EventSink;
}

/** What such a run comes to, for its summary; default 0. */
export interface LocalTotals {
  readonly changes?: number | undefined;
  readonly ok?: number;
  readonly failed?: number;
  readonly skipped?: number;
  readonly unreachable?: number | undefined;
  readonly refusal?: { readonly message: string; readonly hint?: string | undefined } | undefined;
}

/**
 * Carries out a run that consists of local phases. Emits its first and its last event, the summary, which it also returns.
 * Throws what `work` throws, after a summary that marks the run as interrupted. `totals` is called once `work` has ended.
 */
export async function localRun(
  { command, inventory, mode, phases, signal, emit }: LocalRunOptions,
  work: () => Promise<void>,
  totals: () => LocalTotals,
): Promise<RunSummary> {
  const started = Date.now();
  const waves = phases.map((name) => [name]);
  emit({ event: 'run-started', command, inventory, mode, phases, waves, hosts: [] });
  let defect: { readonly error: unknown } | undefined;
  try {
    await work();
  } catch (error) {
    defect = { error };
  }
  const { refusal, changes = 0, ok = 0, failed = 0, skipped = 0, unreachable = 0 } = totals();
  const summary: RunSummary = {
    event: 'summary',
    changes,
    unknown: 0,
    ok,
    failed,
    skipped,
    unreachable,
    durationMs: Date.now() - started,
    hosts: {},
    interrupted: signal.aborted || defect !== undefined,
    ...(refusal ? { refused: refusal.message } : {}),
    ...(refusal?.hint === undefined ? {} : { hint: refusal.hint }),
  };
  emit(summary);
  if (defect) throw defect.error;
  return summary;
}

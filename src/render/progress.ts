import type { Evidence, Finding } from '../playbook/operation.ts';
import type { Outcome, RunEvent, RunMode, StepFailure, StepOutcome } from '../runner/events.ts';
import { count } from './text.ts';

/** A change, and how it ended; without `end` it has not ended, as far as is known. */
export type ChangeProgress = Extract<RunEvent, { event: 'change' }> & { end?: 'done' | 'failed' };
export type Summary = Extract<RunEvent, { event: 'summary' }>;
type PhaseOutcome = Extract<RunEvent, { event: 'phase-finished' }>['outcome'];

/** The progress of one host in one step. */
export interface HostProgress {
  state: 'waiting' | 'running' | Outcome;
  /** As in `Date.now()`; 0 before it starts. */
  startedAt: number;
  durationMs: number;
  lastLine?: string;
  note?: string;
  failure?: StepFailure;
}

export interface StepProgress {
  readonly phase: string;
  readonly id: string;
  title: string;
  strategy: string;
  state: 'waiting' | 'running' | 'finished';
  outcome?: StepOutcome;
  /** Why the step itself failed or was refused. */
  failure?: StepFailure;
  /** Of a test: what the step is doing or waiting for. */
  doing?: string;
  /** Of a test: what was observed, or why it was skipped. */
  note?: string;
  startedAt: number;
  durationMs: number;
  readonly hosts: Map<string, HostProgress>;
  readonly changes: ChangeProgress[];
  /** With `--diff`: operations that these changes may make necessary. */
  readonly mayFollow: Extract<RunEvent, { event: 'may-follow' }>[];
  readonly evidence: { readonly because: string; readonly evidence?: Evidence }[];
  findings: readonly Finding[];
}

export interface PhaseProgress {
  readonly name: string;
  title: string;
  hosts: readonly string[];
  state: 'waiting' | 'running' | PhaseOutcome;
  startedAt: number;
  durationMs: number;
  roundTrips: Readonly<Record<string, number>>;
  /** The titles of all its steps. */
  expected: readonly string[];
  /** The steps that have appeared in events so far, by id and in order. */
  readonly steps: Map<string, StepProgress>;
}

/** Why a host is not part of the run. */
export interface Absence {
  readonly message: string;
  readonly hint?: string;
}

/** The state of a run, built from its events. */
export interface Progress {
  mode: RunMode;
  /** As the user typed it. */
  command: string;
  inventory: string;
  hosts: readonly string[];
  /** Names of phases that run in parallel with each other. */
  together: readonly (readonly string[])[];
  connected: number;
  readonly unreachable: Map<string, Absence>;
  /** Hosts that answered and were found unfit. */
  readonly rejected: Map<string, Absence>;
  readonly warnings: { readonly message: string; readonly host?: string }[];
  /** Resources that osha created and the inventory no longer lists. */
  readonly prunable: Extract<RunEvent, { event: 'prunable' }>[];
  readonly phases: Map<string, PhaseProgress>;
  summary?: Summary;
}

export function createProgress(): Progress {
  return {
    mode: 'apply',
    command: '',
    inventory: '',
    hosts: [],
    together: [],
    connected: 0,
    unreachable: new Map(),
    rejected: new Map(),
    warnings: [],
    prunable: [],
    phases: new Map(),
  };
}

/** Updates `progress` with an event; `now` is `Date.now()`. */
export function advance(progress: Progress, event: RunEvent, now: number): void {
  switch (event.event) {
    case 'run-started':
      progress.mode = event.mode;
      progress.command = event.command;
      progress.inventory = event.inventory;
      progress.hosts = event.hosts;
      progress.together = togetherOf(event);
      for (const name of event.phases) phaseOf(progress, name);
      break;
    case 'connected':
      progress.connected += 1;
      break;
    case 'unreachable':
      progress.unreachable.set(event.host, event);
      break;
    case 'rejected':
      progress.rejected.set(event.host, event);
      break;
    case 'warning':
      progress.warnings.push(event);
      break;
    case 'phase-started': {
      const phase = phaseOf(progress, event.phase);
      const { title, hosts, steps: expected } = event;
      Object.assign(phase, { title, hosts, expected, state: 'running', startedAt: now });
      break;
    }
    case 'phase-finished': {
      const { outcome, durationMs, roundTrips } = event;
      Object.assign(phaseOf(progress, event.phase), { state: outcome, durationMs, roundTrips });
      break;
    }
    case 'step-started': {
      const step = stepOf(progress, event.phase, event.step);
      Object.assign(step, {
        title: event.title,
        strategy: event.strategy,
        state: 'running',
        startedAt: now,
      });
      for (const host of event.hosts) hostOf(step, host);
      break;
    }
    case 'step-finished': {
      const { outcome, failure, durationMs, note } = event;
      // Records of older versions have no outcome of steps.
      Object.assign(stepOf(progress, event.phase, event.step), {
        state: 'finished',
        durationMs,
        ...((outcome as typeof outcome | undefined) ? { outcome } : {}),
        ...(failure ? { failure } : {}),
        ...(note === undefined ? {} : { note }),
      });
      break;
    }
    case 'progress':
      stepOf(progress, event.phase, event.step).doing = event.text;
      break;
    case 'host-started':
      Object.assign(hostOf(stepOf(progress, event.phase, event.step), event.host), {
        state: 'running',
        startedAt: now,
      });
      break;
    case 'host-finished': {
      const host = hostOf(stepOf(progress, event.phase, event.step), event.host);
      host.state = event.outcome;
      host.durationMs = event.durationMs;
      if (event.note !== undefined) host.note = event.note;
      if (event.failure) host.failure = event.failure;
      endChanges(stepOf(progress, event.phase, event.step), event);
      break;
    }
    case 'output':
      hostOf(stepOf(progress, event.phase, event.step), event.host).lastLine = event.line;
      break;
    case 'change':
      stepOf(progress, event.phase, event.step).changes.push({ ...event });
      break;
    case 'change-finished': {
      const change = stepOf(progress, event.phase, event.step).changes.findLast(
        ({ host, summary }) => host === event.host && summary === event.summary,
      );
      if (change) change.end = event.done ? 'done' : 'failed';
      break;
    }
    case 'may-follow':
      stepOf(progress, event.phase, event.step).mayFollow.push(event);
      break;
    case 'prunable':
      progress.prunable.push(event);
      break;
    case 'evidence':
      stepOf(progress, event.phase, event.step).evidence.push(event);
      break;
    case 'findings':
      // A verifying step repeats its check; the last result counts.
      stepOf(progress, event.phase, event.step).findings = event.findings;
      break;
    // Shown as evidence.
    case 'measured':
    case 'acknowledged':
    case 'backed-up':
      break;
    case 'summary':
      progress.summary = withChanges(event, progress);
      break;
  }
}

function togetherOf({ waves }: Extract<RunEvent, { event: 'run-started' }>): Progress['together'] {
  // Records of older versions have no waves.
  return ((waves as typeof waves | undefined) ?? []).filter((wave) => wave.length > 1);
}

/** Names of the phases that run in parallel with this one. */
export function besidePhase(progress: Progress, name: string): readonly string[] {
  const wave = progress.together.find((phases) => phases.includes(name)) ?? [];
  return wave.filter((other) => other !== name);
}

/** The phase with this name, created on first use. */
export function phaseOf(progress: Progress, name: string): PhaseProgress {
  let phase = progress.phases.get(name);
  if (!phase) {
    phase = {
      name,
      title: name,
      hosts: [],
      state: 'waiting',
      startedAt: 0,
      durationMs: 0,
      roundTrips: {},
      expected: [],
      steps: new Map(),
    };
    progress.phases.set(name, phase);
  }
  return phase;
}

/** The step with this id, created on first use. */
export function stepOf(progress: Progress, phaseName: string, id: string): StepProgress {
  const phase = phaseOf(progress, phaseName);
  let step = phase.steps.get(id);
  if (!step) {
    step = {
      phase: phaseName,
      id,
      title: phase.expected[phase.steps.size] ?? id,
      strategy: '',
      state: 'waiting',
      startedAt: 0,
      durationMs: 0,
      hosts: new Map(),
      changes: [],
      mayFollow: [],
      evidence: [],
      findings: [],
    };
    phase.steps.set(id, step);
  }
  return step;
}

function hostOf(step: StepProgress, name: string): HostProgress {
  let host = step.hosts.get(name);
  if (!host) {
    host = { state: 'waiting', startedAt: 0, durationMs: 0 };
    step.hosts.set(name, host);
  }
  return host;
}

/**
 * Marks the changes of a finished host as done. On a host with the outcome `changed` that includes failed ones: the probe
 * has verified them, even if the connection dropped. Records of older versions have no ends of changes.
 */
function endChanges(
  step: StepProgress,
  { host, outcome }: Extract<RunEvent, { event: 'host-finished' }>,
): void {
  for (const change of step.changes) {
    if (change.host === host && (outcome === 'changed' || change.end === undefined)) change.end = 'done';
  }
}

/** Whether a step is still running, or was when the run ended. */
export function isUnfinished(step: StepProgress): boolean {
  return step.state === 'running' || step.outcome === 'interrupted';
}

/** Whether a step or one of its hosts failed or was refused. */
export function hasFailed(step: StepProgress): boolean {
  return step.failure !== undefined || tally(step).failed > 0;
}

/** Whether a step was stopped by the user. */
export function wasInterrupted(step: StepProgress): boolean {
  return (
    (step.outcome === 'interrupted' && step.hosts.size === 0) ||
    [...step.hosts.values()].some((host) => host.state === 'skipped' && host.note === 'interrupted')
  );
}

/** Whether it is a run of `osha smoke`, `drill`, `backup` or `restore`, whose steps have an outcome of their own instead of hosts. */
export function isTest({ mode }: Pick<Progress, 'mode'>): boolean {
  return mode !== 'apply' && mode !== 'diff';
}

/** Whether it is a run of `osha backup` or `osha restore`. */
export function isCopy({ mode }: Pick<Progress, 'mode'>): boolean {
  return mode === 'backup' || mode === 'restore';
}

/** What the verbs do that are no deployments, by the words that were typed. */
const DOING: readonly (readonly [RegExp, string])[] = [
  [/^osha recover\b/, 'Recovering'],
  [/^osha restart\b/, 'Restarting systems of'],
  [/^osha upgrade\b/, 'Upgrading'],
  [/^osha host drain\b/, 'Draining a host of'],
  [/^osha host undrain\b/, 'Undraining a host of'],
  [/^osha host\b/, 'Changing the hosts of'],
];

/** What a run that applies changes does to its inventory: "Deploying". */
export function doing({ command }: Pick<Progress, 'command'>): string {
  return DOING.find(([words]) => words.test(command))?.[1] ?? 'Deploying';
}

/** Whether a run can resume at a step: others begin with what is not done yet. */
export function resumesAtSteps(progress: Pick<Progress, 'command'>): boolean {
  return doing(progress) === 'Deploying';
}

/** The number of changes that a phase made or would make. */
export function changesOf(phase: PhaseProgress): number {
  return [...phase.steps.values()].reduce((sum, step) => sum + step.changes.length, 0);
}

/** A summary with counts of changes, which the records of older versions lack. */
function withChanges(summary: Summary, progress: Progress): Summary {
  if ((summary.changes as number | undefined) !== undefined) return summary;
  const changes = [...progress.phases.values()].flatMap((phase) =>
    [...phase.steps.values()].flatMap((step) => step.changes),
  );
  const hosts = Object.entries(summary.hosts).map(([name, totals]) => [
    name,
    { ...totals, changes: changes.filter(({ host }) => host === name).length, unknown: 0 },
  ]);
  return {
    ...summary,
    changes: changes.length,
    unknown: 0,
    hosts: Object.fromEntries(hosts) as Summary['hosts'],
  };
}

/** "3 changes", or with `--diff` "3 changes to make". */
export function changesInWords(number: number, mode: Progress['mode']): string {
  return `${count(number, 'change')}${mode === 'diff' ? ' to make' : ''}`;
}

/** The number of hosts of a step in each state. */
export function tally(step: StepProgress): Readonly<Record<HostProgress['state'], number>> {
  const counts = {
    waiting: 0,
    running: 0,
    ok: 0,
    changed: 0,
    'would-change': 0,
    unknown: 0,
    'verified-later': 0,
    failed: 0,
    skipped: 0,
    deferred: 0,
  };
  for (const host of step.hosts.values()) counts[host.state] += 1;
  return counts;
}

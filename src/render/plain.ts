import type { EventSink, RunEvent } from '../runner/events.ts';
import { visibleBehind, visibleInLine } from '../text/visible.ts';
import type { Colors, Output } from './output.ts';
import {
  advance,
  besidePhase,
  changesInWords,
  changesOf,
  createProgress,
  doing,
  isCopy,
  isTest,
  phaseOf,
  stepOf,
  type Progress,
  type StepProgress,
} from './progress.ts';
import { failureLines, ownOutcome, stepLines } from './step-lines.ts';
import { count, duration, indented, listOf } from './text.ts';

export interface PlainOptions {
  readonly colors: Colors;
  readonly verbose: boolean;
  readonly stdout: Output;
  readonly stderr: Output;
}

/**
 * Plain lines for logs and pipes. The lines of a step are printed when all its hosts have finished, in inventory order, so
 * that equal runs print equal lines. Where phases run in parallel, each line names its phase.
 */
export function plainRenderer(options: PlainOptions): {
  readonly sink: EventSink;
  readonly progress: Progress;
  /** Prints the steps that have not been printed yet, also where the run has no summary. */
  readonly finish: () => void;
} {
  const { colors, verbose, stdout, stderr } = options;
  const progress = createProgress();
  const printed = new Set<StepProgress>();
  const say = (line: string): void => void stdout.write(`${line}\n`);
  const sayOf = (phase: string, text: string): void => {
    if (besidePhase(progress, phase).length === 0) return say(text);
    for (const line of text.split('\n')) say(`${colors.strong(phase)}: ${line}`.trimEnd());
  };

  const togetherWith = (phase: string): string => {
    const others = besidePhase(progress, phase);
    return others.length > 0 ? `, in parallel with ${listOf(others)}` : '';
  };

  const tell = (step: StepProgress): void => {
    if (printed.has(step)) return;
    printed.add(step);
    const diffs = progress.mode === 'diff' || verbose;
    const lines = [...stepLines(step, { colors, verbose, diffs }), ...failureLines(step, colors)];
    if (isTest(progress)) sayOf(step.phase, `  ${visibleInLine(step.title)}: ${ownOutcome(step, colors)}`);
    else if (lines.length > 0) sayOf(step.phase, `  ${visibleInLine(step.title)}`);
    for (const line of lines) sayOf(step.phase, indented(line, '    '));
  };

  const finishPhase = (event: Extract<RunEvent, { event: 'phase-finished' }>): void => {
    const phase = phaseOf(progress, event.phase);
    for (const step of phase.steps.values()) tell(step);
    if (isTest(progress)) return;
    say(`${colors.strong(phase.name)}: ${phaseVerdict(phase.name, progress, event, colors)}`);
    if (verbose) {
      const trips = Object.entries(event.roundTrips).map(([host, number]) => `${host} ${number}`);
      if (trips.length > 0) sayOf(phase.name, colors.faint(`  round trips: ${trips.join(', ')}`));
    }
  };

  const sink: EventSink = (event) => {
    advance(progress, event, 0);
    switch (event.event) {
      case 'run-started':
        if (isTest(event)) break;
        say(
          `${event.mode === 'diff' ? 'Comparing' : doing(event)} ${visibleInLine(event.inventory)}: ` +
            `${count(event.hosts.length, 'host')}, ${count(event.phases.length, 'phase')}`,
        );
        break;
      case 'connected':
        if (verbose) say(colors.faint(`connected to ${event.host} in ${duration(event.durationMs)}`));
        break;
      case 'unreachable':
      case 'rejected':
        say(`${colors.bad(event.event)} ${colors.strong(event.host)}: ${visibleBehind(event.message)}`);
        break;
      case 'warning':
        stderr.write(
          `${colors.changed('warning:')} ${event.host ? `${event.host}: ` : ''}${visibleBehind(event.message)}\n`,
        );
        break;
      case 'phase-started':
        say(
          isTest(progress)
            ? visibleInLine(event.title)
            : `${colors.strong(event.phase)}: ${visibleInLine(event.title)}, on ${listOf(event.hosts)}${togetherWith(event.phase)}`,
        );
        break;
      case 'output':
        if (verbose) sayOf(event.phase, colors.faint(`    ${event.host} | ${visibleBehind(event.line)}`));
        break;
      case 'progress':
        // Copies take long, and nothing else tells how far they are.
        if (verbose || isCopy(progress)) say(colors.faint(`    ${visibleInLine(event.text)}`));
        break;
      case 'step-finished':
        tell(stepOf(progress, event.phase, event.step));
        break;
      case 'phase-finished':
        finishPhase(event);
        break;
      case 'step-started':
      case 'host-started':
      case 'change':
      case 'change-finished':
      case 'may-follow':
      case 'prunable':
      case 'evidence':
      case 'findings':
      case 'measured':
      case 'acknowledged':
      case 'backed-up':
      case 'host-finished':
      case 'summary':
        break;
    }
  };
  const finish = (): void => {
    for (const phase of progress.phases.values()) for (const step of phase.steps.values()) tell(step);
  };
  return { sink, progress, finish };
}

function phaseVerdict(
  name: string,
  progress: Progress,
  { outcome, durationMs }: Extract<RunEvent, { event: 'phase-finished' }>,
  colors: Colors,
): string {
  const phase = phaseOf(progress, name);
  const changed = changesInWords(changesOf(phase), progress.mode);
  const time = duration(durationMs);
  switch (outcome) {
    case 'ok':
      return colors.good(`nothing to do, ${time}`);
    case 'changed':
      return colors.changed(`${changed}, ${time}`);
    case 'failed':
      return colors.bad(`failed, ${changed}, ${time}`);
    case 'refused':
      return colors.bad(`refused, ${changed}, ${time}`);
    case 'interrupted':
      return colors.bad(`interrupted, ${changed} begun, ${time}`);
    case 'skipped':
      return colors.faint('skipped');
    case 'deferred':
      return colors.changed(`deferred, ${changed}, ${time}`);
  }
}

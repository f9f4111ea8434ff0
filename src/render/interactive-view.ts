import { visibleInLine } from '../text/visible.ts';
import type { Colors } from './output.ts';
import {
  changesInWords,
  changesOf,
  hasFailed,
  isTest,
  tally,
  type HostProgress,
  type PhaseProgress,
  type Progress,
  type StepProgress,
} from './progress.ts';
import { ownOutcome } from './step-lines.ts';
import { count, cutTo, duration, listOf, padTo, widthOf } from './text.ts';

/** A step with more hosts shows counts, and lines only for failed hosts and the slowest ones. */
export const MOST_HOST_LINES = 8;

/** Lines for the slowest of many hosts. */
const SLOWEST = 3;

export interface ViewOptions {
  readonly colors: Colors;
  /** As `Date.now()` counts. */
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
}

/** One task of the list; hidden while its title is empty. */
export interface StepView {
  readonly title: string;
  readonly body: readonly string[];
}

export interface View {
  readonly head: string;
  readonly phases: ReadonlyMap<
    string,
    { readonly title: string; readonly steps: ReadonlyMap<string, StepView> }
  >;
  /** The waiting phases in one line, where the terminal has too few rows for a line each. */
  readonly later: string;
}

/** Columns that listr2 puts before a line: the icon, and two for each level. */
export const MARGIN = { phase: 3, step: 5, host: 7 };

/** The current view of a run for a terminal. Pure. */
export function viewOf(progress: Progress, options: ViewOptions): View {
  const phases = [...progress.phases.values()];
  const shown = new Map(
    phases.map((phase) => [
      phase.name,
      {
        title: phaseTitle(phase, progress, options),
        steps: new Map(
          [...phase.steps.values()].map((step) => [step.id, stepView(step, progress.mode, options)]),
        ),
      },
    ]),
  );
  const waiting = phases.filter((phase) => phase.state === 'waiting');
  const lines = linesOf(phases, shown);
  const room = options.rows - 2;
  if (lines <= room || waiting.length < 2)
    return { head: headOf(progress, options), phases: shown, later: '' };
  for (const phase of waiting) shown.set(phase.name, { title: '', steps: new Map() });
  const left = lines - waiting.length + 1 - room;
  if (left > 0) hideFinishedSteps(phases, shown, left);
  const titles = waiting.map((phase) => visibleInLine(phase.title));
  const later = `then ${count(waiting.length, 'more phase')}: ${listOf(titles, titles.length)}`;
  return {
    head: headOf(progress, options),
    phases: shown,
    later: options.colors.faint(cutTo(later, options.columns - MARGIN.phase)),
  };
}

type Shown = Map<string, { readonly title: string; readonly steps: Map<string, StepView> }>;

function linesOf(phases: readonly PhaseProgress[], shown: Shown): number {
  let lines = 1;
  for (const phase of phases) {
    lines += 1;
    // A finished phase takes one line, unless it failed.
    if (phase.state !== 'running' && phase.state !== 'failed' && phase.state !== 'refused') continue;
    for (const step of shown.get(phase.name)?.steps.values() ?? []) {
      if (step.title !== '') lines += 1 + step.body.length;
    }
  }
  return lines;
}

function hideFinishedSteps(phases: readonly PhaseProgress[], shown: Shown, lines: number): void {
  let left = lines;
  for (const phase of phases) {
    if (phase.state !== 'running') continue;
    for (const step of phase.steps.values()) {
      if (left <= 0) return;
      if (step.state !== 'finished' || hasFailed(step)) continue;
      shown.get(phase.name)?.steps.set(step.id, { title: '', body: [] });
      left -= 1;
    }
  }
}

function headOf(progress: Progress, { colors, columns }: ViewOptions): string {
  if (isTest(progress)) return '';
  const done = Math.min(progress.connected + progress.unreachable.size, progress.hosts.length);
  const all = progress.hosts.length;
  const gone = progress.unreachable.size;
  const counts = [
    ...(done < all ? [`${done} of ${all}`] : []),
    ...(gone > 0 ? [colors.bad(`unreachable: ${listOf([...progress.unreachable.keys()], 4)}`)] : []),
    ...(progress.rejected.size > 0
      ? [colors.bad(`not fit: ${listOf([...progress.rejected.keys()], 4)}`)]
      : []),
  ];
  return fit(`Connect to ${count(all, 'host')}`, counts.join(', '), columns - MARGIN.phase);
}

/** A title followed by `about`, or the title alone where both do not fit. */
function fit(title: string, about: string, width: number): string {
  if (about === '') return cutTo(title, width);
  const line = `${title}  ${about}`;
  return widthOf(line) <= width ? line : cutTo(title, width);
}

function phaseTitle(phase: PhaseProgress, progress: Progress, options: ViewOptions): string {
  const { colors, columns, now } = options;
  const width = columns - MARGIN.phase;
  const steps = [...phase.steps.values()];
  const changes = changesOf(phase);
  const changed = changesInWords(changes, progress.mode);
  switch (phase.state) {
    case 'waiting':
      return colors.faint(cutTo(visibleInLine(phase.title), width));
    case 'running': {
      const finished = steps.filter((step) => step.state === 'finished').length;
      const about = `${finished}/${phase.expected.length} steps${changes > 0 ? `, ${changed}` : ''} · ${duration(now - phase.startedAt)}`;
      return fit(colors.strong(visibleInLine(phase.title)), colors.faint(about), width);
    }
    case 'ok':
      return fit(
        visibleInLine(phase.title),
        colors.faint(`${isTest(progress) ? 'ok' : 'nothing to do'} · ${duration(phase.durationMs)}`),
        width,
      );
    case 'changed':
      return fit(
        visibleInLine(phase.title),
        `${colors.changed(changed)} ${colors.faint(`· ${duration(phase.durationMs)}`)}`,
        width,
      );
    case 'interrupted': {
      const about = `${colors.bad('interrupted')}${changes > 0 ? `, ${changed} begun` : ''}`;
      return fit(
        visibleInLine(phase.title),
        `${about} ${colors.faint(`· ${duration(phase.durationMs)}`)}`,
        width,
      );
    }
    case 'failed':
    case 'refused':
      return fit(
        visibleInLine(phase.title),
        `${colors.bad(phase.state)} ${colors.faint(`· ${duration(phase.durationMs)}`)}`,
        width,
      );
    case 'skipped':
    case 'deferred':
      return fit(visibleInLine(phase.title), colors.faint(phase.state), width);
  }
}

function stepView(step: StepProgress, mode: Progress['mode'], options: ViewOptions): StepView {
  if (step.state === 'waiting') return { title: '', body: [] };
  const { colors, columns, now } = options;
  if (step.state === 'finished' && isTest({ mode })) {
    const line = `${visibleInLine(step.title)}: ${ownOutcome(step, colors)}`;
    return { title: cutTo(line, columns - MARGIN.step), body: bodyOf(step, options) };
  }
  const elapsed = step.state === 'running' ? now - step.startedAt : step.durationMs;
  const about = [countsOf(step, mode, colors), colors.faint(duration(elapsed))]
    .filter((part) => part !== '')
    .join(' · ');
  return {
    title: fit(visibleInLine(step.title), about, columns - MARGIN.step),
    body: bodyOf(step, options).slice(0, MOST_HOST_LINES + 1),
  };
}

/** Counts of changes and of hosts by state: of all hosts while the step runs, then only of unsuccessful ones. */
function countsOf(step: StepProgress, mode: Progress['mode'], colors: Colors): string {
  const counts = tally(step);
  const part = (number: number, word: string, style: (text: string) => string): readonly string[] =>
    number > 0 ? [style(`${number} ${word}`)] : [];
  const isRunning = step.state === 'running';
  const hosts = [
    ...part(isRunning ? counts.ok : 0, 'ok', colors.good),
    ...part(isRunning ? counts.changed : 0, 'changed', colors.changed),
    ...part(isRunning ? counts['would-change'] : 0, 'to change', colors.changed),
    ...part(counts.unknown, 'unknown', colors.faint),
    ...part(counts['verified-later'], 'verified later', colors.faint),
    ...part(counts.failed, 'failed', colors.bad),
    ...part(counts.running, 'running', colors.faint),
    ...part(isRunning ? counts.waiting : 0, 'waiting', colors.faint),
    ...part(counts.skipped, 'skipped', colors.faint),
    ...part(counts.deferred, 'deferred', colors.faint),
  ];
  return [
    ...(step.failure ? [colors.bad(step.outcome === 'refused' ? 'refused' : 'failed')] : []),
    ...(step.changes.length > 0 ? [colors.changed(changesInWords(step.changes.length, mode))] : []),
    ...(hosts.length > 0 ? [`${colors.faint('hosts:')} ${hosts.join(', ')}`] : []),
  ].join(', ');
}

function bodyOf(step: StepProgress, options: ViewOptions): readonly string[] {
  const failed = [...step.hosts].filter(([, host]) => host.state === 'failed');
  if (step.state === 'finished') {
    return [
      ...(step.failure ? linesOfFailure(step.failure.message, step.failure.hint, options) : []),
      ...failureBody(failed, options),
    ];
  }
  const running = [...step.hosts].filter(([, host]) => host.state === 'running');
  const because = step.evidence.at(-1)?.because;
  const lines = [
    ...[because, step.doing].flatMap((text) =>
      text === undefined ? [] : [cutTo(visibleInLine(text), options.columns - MARGIN.host)],
    ),
    ...failureBody(failed, options),
  ];
  const most = step.hosts.size > MOST_HOST_LINES ? SLOWEST : MOST_HOST_LINES;
  const room = Math.max(1, Math.min(most, MOST_HOST_LINES - lines.length));
  // The slowest hosts are the ones to wait for.
  const slowest = running.sort(([, a], [, b]) => a.startedAt - b.startedAt).slice(0, room);
  const nameWidth = Math.max(0, ...slowest.map(([name]) => widthOf(name)));
  return [
    ...lines,
    ...slowest.map(([name, host]) => runningLine(padTo(name, nameWidth), host, step, options)),
  ];
}

function runningLine(name: string, host: HostProgress, step: StepProgress, options: ViewOptions): string {
  const { colors, columns, now } = options;
  const time = duration(Math.max(0, now - host.startedAt));
  const latest =
    host.lastLine ?? step.changes.findLast((change) => change.host === name.trim())?.summary ?? '';
  const width = columns - MARGIN.host - widthOf(name) - time.length - 2;
  const detail =
    latest === '' || width < 10 ? '' : ` ${colors.faint(cutTo(visibleInLine(latest).trim(), width))}`;
  return `${name} ${colors.faint(time)}${detail}`;
}

function failureBody(
  failed: readonly (readonly [string, HostProgress])[],
  options: ViewOptions,
): readonly string[] {
  const most = 3;
  const lines = failed
    .slice(0, most)
    .flatMap(([name, { failure }]) =>
      linesOfFailure(`${name}: ${failure?.message ?? 'it failed'}`, failure?.hint, options),
    );
  return failed.length > most
    ? [...lines, options.colors.bad(`and ${failed.length - most} more failed`)]
    : lines;
}

function linesOfFailure(
  message: string,
  hint: string | undefined,
  { colors, columns }: ViewOptions,
): readonly string[] {
  const cut = (text: string): string =>
    cutTo(visibleInLine(text.replaceAll('\n', ' ')), columns - MARGIN.host);
  return [colors.bad(cut(message)), ...(hint ? [colors.hint(cut(`hint: ${hint}`))] : [])];
}

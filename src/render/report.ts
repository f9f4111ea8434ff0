import type { HostTotals } from '../runner/events.ts';
import { visibleBehind, visibleInLine } from '../text/visible.ts';
import { absenceGroups, underWay } from './groups.ts';
import type { Colors } from './output.ts';
import {
  changesInWords,
  resumesAtSteps,
  isTest,
  isUnfinished,
  type Absence,
  type Progress,
  type StepProgress,
  type Summary,
} from './progress.ts';
import { failureLines } from './step-lines.ts';
import { table, type Cell } from './table.ts';
import { count, duration, indented, listOf } from './text.ts';

export interface ReportOptions {
  readonly colors: Colors;
  readonly width?: number;
  /** Whether the run has no summary because it is still running; default false. */
  readonly isRunning?: boolean | undefined;
  /** The path of the run's record, for the last line. */
  readonly log?: string;
}

/** In a table with more hosts, unchanged ones share one row. */
const MOST_ROWS = 40;

/** The final report of a run: unreachable hosts, failures, a row per host, the verdict, the path of the log. */
export function report(progress: Progress, options: ReportOptions): string {
  const { colors } = options;
  const { summary } = progress;
  return [
    warnings(progress, colors),
    absent('unreachable', progress.unreachable, colors),
    absent('rejected', progress.rejected, colors),
    failures(progress, colors),
    prunable(progress, colors),
    summary && !isTest(progress) ? totals(summary, progress.mode, options) : '',
    unfinished(progress, options),
    summary ? verdict(summary, progress.mode, colors) : withoutSummary(options),
    logLine(summary, options),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .replace(/\n\n(?=[^\n]*log: [^\n]*$)/, '\n');
}

function logLine(summary: Summary | undefined, { log, colors }: ReportOptions): string {
  if (log === undefined) return '';
  const lost = summary?.unrecorded;
  return lost === undefined
    ? colors.faint(`log: ${visibleInLine(log)}`)
    : `${colors.faint(`log: ${visibleInLine(log)}`)}, ${colors.bad(`incomplete: ${visibleInLine(lost)}`)}`;
}

function warnings(progress: Progress, colors: Colors): string {
  return progress.warnings
    .map(({ host, message }) =>
      [colors.changed('warning:'), ...(host ? [`${host}:`] : []), visibleBehind(message)].join(' '),
    )
    .join('\n');
}

function absent(word: string, hosts: ReadonlyMap<string, Absence>, colors: Colors): string {
  return absenceGroups(hosts)
    .map(({ content: { message, hint }, hosts: names }) => {
      const hintLine = hint ? `\n  ${colors.hint('hint:')} ${visibleBehind(hint)}` : '';
      return `${colors.bad(word)} ${colors.strong(listOf(names))}: ${visibleBehind(message)}${hintLine}`;
    })
    .join('\n');
}

function failures(progress: Progress, colors: Colors): string {
  return [...progress.phases.values()]
    .flatMap((phase) =>
      [...phase.steps.values()].flatMap((step) => {
        const lines = failureLines(step, colors);
        if (lines.length === 0) return [];
        return [
          `${colors.strong(visibleInLine(phase.title))}: ${visibleInLine(step.title)}`,
          ...lines.map((line) => indented(line, '  ')),
          ...resumption(progress, `${phase.name}:${step.id}`).map((line) => colors.faint(`  ${line}`)),
        ];
      }),
    )
    .join('\n');
}

function withoutSummary({ isRunning, colors }: ReportOptions): string {
  return isRunning
    ? 'The run has not ended yet.'
    : colors.bad('The run ended without a summary: it was killed, or its end could not be recorded.');
}

/** The steps that a run is in, or was in when it was killed, and what it was doing there on each host. */
function unfinished(progress: Progress, { isRunning, colors }: ReportOptions): string {
  const lines = [...progress.phases.values()].flatMap((phase) =>
    [...phase.steps.values()]
      .filter(isUnfinished)
      .flatMap((step) => [
        `  ${colors.strong(visibleInLine(phase.title))}: ${visibleInLine(step.title)}`,
        ...underWayLines(step).map((line) => `    ${line}`),
        ...(isRunning
          ? []
          : resumption(progress, `${phase.name}:${step.id}`).map((line) => colors.faint(`    ${line}`))),
      ]),
  );
  if (lines.length > 0) return [isRunning ? 'It is in:' : 'It was in:', ...lines].join('\n');
  return progress.summary || isRunning ? '' : 'It was in no step.';
}

/** The change that was running on each host of a step; hosts with the same change share a line. */
function underWayLines(step: StepProgress): readonly string[] {
  return underWay(step).map(({ content: change, hosts }) => {
    const words = change ? `${visibleInLine(change.summary)} (started, not finished)` : 'no change running';
    return `${listOf(hosts)}: ${words}`;
  });
}

/** The command that resumes a deployment at a step; none for other runs. */
export function resumption(progress: Progress, step: string): readonly string[] {
  const { command, mode } = progress;
  if (mode !== 'apply') return [];
  if (!resumesAtSteps(progress)) return [`run again: ${command}`];
  return [`resume with: ${command.replaceAll(/ --from[ =]\S+/g, '')} --from ${step}`];
}

/** Resources that `--prune` would remove. */
function prunable(progress: Progress, colors: Colors): string {
  if (progress.prunable.length === 0) return '';
  const lines = progress.prunable.map(({ summary, host }) => `  ${visibleInLine(summary)} (${host})`);
  return [
    colors.hint('The inventory no longer lists these; they were kept. To remove them, add --prune:'),
    ...new Set(lines),
  ].join('\n');
}

function totals(summary: Summary, mode: Progress['mode'], options: ReportOptions): string {
  const { colors } = options;
  const hosts = Object.entries(summary.hosts);
  const quiet = ([, host]: [string, HostTotals]): boolean =>
    host.changes === 0 && host.unknown === 0 && host.failed === 0 && host.skipped === 0 && !host.unreachable;
  const shown = hosts.length > MOST_ROWS ? hosts.filter((host) => !quiet(host)) : hosts;
  const rest = hosts.length - shown.length;
  const number = (value: number, style: (text: string) => string): Cell =>
    value === 0 ? { text: '0', style: colors.faint } : { text: String(value), style };
  const rows = shown.map(([name, host]): readonly Cell[] => [
    host.unreachable ? { text: name, style: colors.bad } : name,
    number(host.changes, colors.changed),
    ...(mode === 'diff' ? [number(host.unknown, colors.hint)] : []),
    number(host.ok, colors.good),
    number(host.failed, colors.bad),
    number(host.skipped, colors.hint),
    duration(host.durationMs),
    host.unreachable ? { text: 'unreachable', style: colors.bad } : '',
  ]);
  return [
    table(
      [
        { title: 'host' },
        { title: mode === 'diff' ? 'changes to make' : 'changes', right: true },
        ...(mode === 'diff' ? [{ title: 'unknown', right: true }] : []),
        { title: 'steps ok', right: true },
        { title: 'steps failed', right: true },
        { title: 'steps skipped', right: true },
        { title: 'time', right: true },
        { title: '' },
      ],
      rows,
      options,
    ),
    ...(rest > 0 ? [colors.faint(`and ${count(rest, 'host')} unchanged`)] : []),
  ].join('\n');
}

/** What is said about a test without a failure. */
const PASSED: Readonly<Partial<Record<Progress['mode'], string>>> = {
  smoke: 'the cloud works',
  clean: 'clean',
  drill: 'nothing was lost and everything is healthy',
  backup: 'backed up',
  restore: 'restored and verified',
};

function testVerdict(summary: Summary, mode: Progress['mode'], colors: Colors): string {
  const { ok, failed, skipped, durationMs, interrupted, refused } = summary;
  const word = interrupted
    ? colors.bad('interrupted')
    : refused !== undefined
      ? colors.bad('refused')
      : failed > 0
        ? colors.bad(`${failed} failed`)
        : colors.good(PASSED[mode] ?? 'passed');
  return `${word}: ${count(ok, 'step')} ok, ${skipped} skipped, ${duration(durationMs)}`;
}

/** How a run ended, in a sentence, with the hint of a refusal. */
export function verdict(summary: Summary, mode: Progress['mode'], colors: Colors): string {
  if (isTest({ mode })) return testVerdict(summary, mode, colors);
  const time = `in ${duration(summary.durationMs)}`;
  if (summary.interrupted)
    return colors.bad(`Interrupted after ${duration(summary.durationMs)}; run it again to resume.`);
  const trouble = [
    ...(summary.failed > 0 ? [count(summary.failed, 'failed step')] : []),
    ...(summary.unreachable > 0 ? [`${count(summary.unreachable, 'host')} unreachable`] : []),
  ];
  const unknown = summary.unknown > 0 ? `, ${summary.unknown} unknown until then` : '';
  const done = `${changesInWords(summary.changes, mode)}${unknown}`;
  if (summary.refused !== undefined) {
    const hint = summary.hint === undefined ? '' : `\n${colors.hint('hint:')} ${visibleBehind(summary.hint)}`;
    const refused = `${colors.bad(`Refused: ${visibleBehind(summary.refused)}`)}${hint}`;
    const others = [...trouble, ...(summary.changes > 0 ? [done] : [])];
    return others.length === 0 ? refused : `${refused}\n${others.join(', ')}, ${time}`;
  }
  if (trouble.length > 0) return colors.bad(`${[...trouble, done].join(', ')}, ${time}`);
  if (summary.changes > 0) return colors.good(`${done}, ${time}`);
  return colors.good(
    mode === 'diff' && summary.unknown > 0 ? `nothing known to change, ${time}` : `nothing to do, ${time}`,
  );
}

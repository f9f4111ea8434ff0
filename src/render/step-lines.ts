import { disruptive, type TextDiff } from '../playbook/operation.ts';
import type { StepFailure } from '../runner/events.ts';
import { visible, visibleBehind, visibleInLine } from '../text/visible.ts';
import { changeGroups, failureGroups, findingGroups, grouped, possibleGroups, verbOf } from './groups.ts';
import type { Colors, Style } from './output.ts';
import { hasFailed, type HostProgress, type StepProgress } from './progress.ts';
import { table } from './table.ts';
import { duration, indented, listOf } from './text.ts';
import { unifiedDiff, type DiffLine } from './unified-diff.ts';

export interface LineOptions {
  readonly colors: Colors;
  /** Also hosts that needed no change. */
  readonly verbose: boolean;
  readonly diffs: boolean;
}

/** What a step did, or would do; hosts with the same result share a line. For failures, see `failureLines`. */
export function stepLines(step: StepProgress, options: LineOptions): readonly string[] {
  return [
    ...step.evidence.flatMap((found) => [
      // The failure of a refusal has the same reason, with a hint.
      ...(found.because === step.failure?.message ? [] : [visibleBehind(found.because)]),
      ...(found.evidence
        ? [
            table(
              found.evidence.columns.map((title) => ({ title })),
              found.evidence.rows,
              { colors: options.colors, indent: 2 },
            ),
          ]
        : []),
    ]),
    ...changeLines(step, options),
    ...possibleLines(step, options),
    ...findingLines(step, options),
    ...noteLines(step, options),
  ];
}

/** The outcome of a step that has no hosts: "ok, 3.1 s: on compute1". */
export function ownOutcome({ outcome, durationMs, note }: StepProgress, colors: Colors): string {
  const seen = note === undefined ? '' : `: ${visibleInLine(note)}`;
  switch (outcome) {
    case 'ok':
      return `${colors.good('ok')}, ${duration(durationMs)}${seen}`;
    case 'skipped':
      return colors.faint(`skipped${seen}`);
    default:
      return colors.bad(`${outcome ?? 'not finished'}, ${duration(durationMs)}`);
  }
}

function changeLines(step: StepProgress, { colors, diffs }: LineOptions): readonly string[] {
  return changeGroups(step, { diffs }).flatMap(({ content: change, hosts }) => {
    const verb = colors.changed(verbOf(change));
    const inTurn = hosts.length > 1 && step.strategy !== 'cluster' && disruptive(change.effects).length > 0;
    const line = `${verb} ${colors.strong(listOf(hosts))}: ${visibleInLine(change.summary)}${inTurn ? ', one host at a time' : ''}`;
    return diffs && change.diff ? [line, indented(diffText(change.diff, colors), '  ')] : [line];
  });
}

/** With `--diff`: what may follow from the changes; hosts with the same share a line. */
function possibleLines(step: StepProgress, { colors }: LineOptions): readonly string[] {
  return possibleGroups(step).map(
    ({ content: { operation, because }, hosts }) =>
      `${colors.hint('may follow')} ${colors.strong(listOf(hosts))}: ${visibleInLine(`${operation} (known after ${because} has changed)`)}`,
  );
}

/** The findings of a verification; hosts with the same finding share a line. A failed one has them in its failure. */
function findingLines(step: StepProgress, { colors, verbose }: LineOptions): readonly string[] {
  if (hasFailed(step)) return [];
  const shown = step.findings.filter(({ healthy }) => verbose || !healthy);
  return findingGroups(shown).flatMap(({ content: { subject, healthy, evidence, hint }, hosts }) => {
    const word = healthy ? colors.good('healthy') : colors.bad('unhealthy');
    const who = hosts.length > 0 ? ` ${colors.strong(listOf(hosts))}` : '';
    return [
      `${word}${who}: ${visibleInLine(`${subject}: ${evidence}`)}`,
      ...(healthy || hint === undefined ? [] : [`  ${colors.hint('hint:')} ${visibleBehind(hint)}`]),
    ];
  });
}

/** Hosts that were skipped or whose result is not known yet, by reason. */
function noteLines(step: StepProgress, { colors, verbose }: LineOptions): readonly string[] {
  const notes = [...step.hosts].flatMap(([name, host]) => {
    const words = noteOf(host, verbose);
    return words === undefined ? [] : [[words, name] as const];
  });
  return grouped(notes).map(
    ({ content: [state, note], hosts }) =>
      `${colors.faint(state)} ${colors.strong(listOf(hosts))}${note === undefined ? '' : `: ${visibleInLine(note)}`}`,
  );
}

function noteOf(host: HostProgress, verbose: boolean): readonly [state: string, note?: string] | undefined {
  const note = host.note === undefined ? ([] as const) : ([host.note] as const);
  switch (host.state) {
    case 'unknown':
      return host.note === undefined ? undefined : ['unknown', host.note];
    case 'verified-later':
      return ['later', ...note];
    case 'deferred':
      return ['deferred', ...note];
    case 'skipped':
      return verbose ? ['skipped', ...note] : undefined;
    case 'ok':
      return verbose ? ['ok'] : undefined;
    case 'changed':
      return verbose && host.note !== undefined ? ['incomplete', host.note] : undefined;
    case 'waiting':
    case 'running':
    case 'would-change':
    case 'failed':
      return undefined;
  }
}

/**
 * The failures of a step and its hosts: reason, last lines of output, hint. Hosts that failed for the same reason share
 * lines.
 */
export function failureLines(step: StepProgress, colors: Colors): readonly string[] {
  const word = step.outcome === 'refused' ? 'refused' : 'failed';
  const own = step.failure ? linesOf(`${colors.bad(word)}:`, step.failure, colors) : [];
  const ofHosts = failureGroups(step).flatMap(({ content, hosts }) =>
    linesOf(`${colors.bad('failed')} ${colors.strong(listOf(hosts))}:`, content, colors),
  );
  return [...own, ...ofHosts];
}

function linesOf(who: string, { message, output, hint }: StepFailure, colors: Colors): readonly string[] {
  return [
    `${who} ${visibleBehind(message)}`,
    ...(output ? [colors.faint(indented(visible(output).trimEnd(), '  | '))] : []),
    ...(hint ? [`  ${colors.hint('hint:')} ${visibleBehind(hint)}`] : []),
  ];
}

const DIFF_STYLES: Readonly<Record<DiffLine['kind'], (colors: Colors) => Style>> = {
  header: (colors) => colors.strong,
  range: (colors) => colors.hint,
  added: (colors) => colors.good,
  removed: (colors) => colors.bad,
  context: (colors) => colors.faint,
  note: (colors) => (text) => colors.faint(`  ${text}`),
};

/** A unified diff of one file, in colours. */
export function diffText(diff: TextDiff, colors: Colors): string {
  return unifiedDiff(diff)
    .map(({ kind, text }) =>
      DIFF_STYLES[kind](colors)(kind === 'header' ? visibleInLine(text) : visible(text)),
    )
    .join('\n');
}

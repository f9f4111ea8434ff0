import { structuredPatch } from 'diff';
import { disruptive, type Finding, type TextDiff } from '../playbook/operation.ts';
import type { StepFailure } from '../runner/events.ts';
import { visible, visibleBehind, visibleInLine } from '../text/visible.ts';
import type { Colors, Style } from './output.ts';
import { hasFailed, type HostProgress, type StepProgress } from './progress.ts';
import { table } from './table.ts';
import { duration, indented, listOf } from './text.ts';

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
  const groups = new Map<
    string,
    { readonly first: StepProgress['changes'][number]; readonly hosts: string[] }
  >();
  for (const change of step.changes) {
    const key = JSON.stringify([verbOf(change), change.summary, diffs ? change.diff : undefined]);
    const group = groups.get(key);
    if (!group) groups.set(key, { first: change, hosts: [change.host] });
    else if (!group.hosts.includes(change.host)) group.hosts.push(change.host);
  }
  return [...groups.values()]
    .map(({ first, hosts }) => ({ first, hosts: inOrderOf(step, hosts) }))
    .flatMap(({ first, hosts }) => {
      const verb = colors.changed(verbOf(first));
      const inTurn = hosts.length > 1 && step.strategy !== 'cluster' && disruptive(first.effects).length > 0;
      const line = `${verb} ${colors.strong(listOf(hosts))}: ${visibleInLine(first.summary)}${inTurn ? ', one host at a time' : ''}`;
      return diffs && first.diff ? [line, indented(unifiedDiff(first.diff, colors), '  ')] : [line];
    });
}

/** The verb for a change. One that failed may be half done; one without an end was running when the run ended. */
function verbOf({ applied, end }: StepProgress['changes'][number]): string {
  if (!applied) return 'would change';
  if (end === 'done') return 'changed';
  return end === 'failed' ? 'tried' : 'began';
}

/** Hosts in inventory order; they finish in any order. */
function inOrderOf(step: StepProgress, hosts: readonly string[]): readonly string[] {
  const order = [...step.hosts.keys()];
  return [...hosts].sort((a, b) => order.indexOf(a) - order.indexOf(b));
}

/** With `--diff`: what may follow from the changes; hosts with the same share a line. */
function possibleLines(step: StepProgress, { colors }: LineOptions): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const { operation, because, host } of step.mayFollow) {
    const words = visibleInLine(`${operation} (known after ${because} has changed)`);
    groups.set(words, [...(groups.get(words) ?? []), host]);
  }
  return [...groups].map(
    ([words, hosts]) =>
      `${colors.hint('may follow')} ${colors.strong(listOf(inOrderOf(step, hosts)))}: ${words}`,
  );
}

/** The findings of a verification; hosts with the same finding share a line. A failed one has them in its failure. */
function findingLines(step: StepProgress, { colors, verbose }: LineOptions): readonly string[] {
  if (hasFailed(step)) return [];
  const groups = new Map<string, string[]>();
  for (const { host, ...found } of step.findings) {
    if (found.healthy && !verbose) continue;
    const key = JSON.stringify(found);
    groups.set(key, [...(groups.get(key) ?? []), ...(host === undefined ? [] : [host])]);
  }
  return [...groups].flatMap(([key, hosts]) => {
    const { subject, healthy, evidence, hint } = JSON.parse(key) as Finding;
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
  const groups = new Map<string, string[]>();
  for (const [name, host] of step.hosts) {
    const words = noteOf(host, verbose);
    if (words !== undefined) groups.set(words, [...(groups.get(words) ?? []), name]);
  }
  return [...groups].map(([words, hosts]) => {
    const [state = '', ...note] = words.split('\0');
    return `${colors.faint(state)} ${colors.strong(listOf(hosts))}${note.length > 0 ? `: ${note.join('')}` : ''}`;
  });
}

function noteOf(host: HostProgress, verbose: boolean): string | undefined {
  const note = host.note === undefined ? '' : `\0${visibleInLine(host.note)}`;
  switch (host.state) {
    case 'unknown':
      return note === '' ? undefined : `unknown${note}`;
    case 'verified-later':
      return `later${note}`;
    case 'deferred':
      return `deferred${note}`;
    case 'skipped':
      return verbose ? `skipped${note}` : undefined;
    case 'ok':
      return verbose ? 'ok' : undefined;
    case 'changed':
      return verbose && note !== '' ? `incomplete${note}` : undefined;
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
  const groups = new Map<string, string[]>();
  for (const [name, host] of step.hosts) {
    if (host.state !== 'failed') continue;
    const key = JSON.stringify(host.failure ?? { message: 'it failed' });
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  const ofHosts = [...groups].flatMap(([key, hosts]) =>
    linesOf(
      `${colors.bad('failed')} ${colors.strong(listOf(hosts))}:`,
      JSON.parse(key) as StepFailure,
      colors,
    ),
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

/** Lines around a difference, as in `diff -u` and git. */
const CONTEXT_LINES = 3;
/** A diff with more edits takes seconds to compute, and is too long to read. */
const MOST_EDITS = 2_000;

/** A unified diff of one file. Where only masked secrets differ, one line says so. */
export function unifiedDiff(diff: TextDiff, colors: Colors): string {
  const from = diff.before === undefined ? '/dev/null' : diff.path;
  const to = diff.after === undefined ? '/dev/null' : diff.path;
  const header = [`--- ${from}`, `+++ ${to}`].map((line) => colors.strong(visibleInLine(line)));
  const patch = structuredPatch(from, to, diff.before ?? '', diff.after ?? '', undefined, undefined, {
    context: CONTEXT_LINES,
    maxEditLength: MOST_EDITS,
  });
  if (!patch) return [...header, colors.faint('  (too many differences to show)')].join('\n');
  if (patch.hunks.length === 0) {
    const why = diff.before === undefined || diff.after === undefined ? 'empty file' : 'only secrets differ';
    return [...header, colors.faint(`  (${why})`)].join('\n');
  }
  return [
    ...header,
    ...patch.hunks.flatMap((hunk) => [
      colors.hint(`@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`),
      ...hunk.lines.map((line) => styleOf(line, colors)(visible(line))),
    ]),
  ].join('\n');
}

/** A range; an empty one is named by the line before it, as in `diff -u`. */
function range(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

function styleOf(line: string, colors: Colors): Style {
  if (line.startsWith('+')) return colors.good;
  if (line.startsWith('-')) return colors.bad;
  return colors.faint;
}

import { structuredPatch } from 'diff';
import type { TextDiff } from '../playbook/operation.ts';
import { visible, visibleInLine } from '../text/visible.ts';
import type { Colors, Style } from './colors.ts';

/** Lines around a difference; what `diff -u` and git show. */
const CONTEXT_LINES = 3;
/** Beyond so many edits a diff takes seconds to find and nobody reads it. */
const MOST_EDITS = 2_000;

/** A unified diff of one file. Two texts that only differ in their masked secrets get a line that says so. */
export function unifiedDiff(diff: TextDiff, colors: Colors): string {
  const from = diff.before === undefined ? '/dev/null' : diff.path;
  const to = diff.after === undefined ? '/dev/null' : diff.path;
  const header = [`--- ${from}`, `+++ ${to}`].map((line) => colors.strong(visibleInLine(line)));
  const patch = structuredPatch(from, to, diff.before ?? '', diff.after ?? '', undefined, undefined, {
    context: CONTEXT_LINES,
    maxEditLength: MOST_EDITS,
  });
  if (!patch) return [...header, colors.faint('  (too much differs to be shown)')].join('\n');
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

/** A range of no lines is named by the line before it, as `diff -u` does. */
function range(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

function styleOf(line: string, colors: Colors): Style {
  if (line.startsWith('+')) return colors.good;
  if (line.startsWith('-')) return colors.bad;
  return colors.faint;
}

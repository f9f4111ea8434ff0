import { structuredPatch } from 'diff';
import type { TextDiff } from '../playbook/operation.ts';

/** Lines around a difference, as in `diff -u` and git. */
const CONTEXT_LINES = 3;
/** A diff with more edits takes seconds to compute, and is too long to read. */
const MOST_EDITS = 2_000;

/** A line of a unified diff, as `diff -u` prints it; `note` stands where there are no lines to show. */
export interface DiffLine {
  readonly kind: 'header' | 'range' | 'added' | 'removed' | 'context' | 'note';
  readonly text: string;
}

/** The unified diff of one file. Where only masked secrets differ, one line says so. */
export function unifiedDiff(diff: TextDiff): readonly DiffLine[] {
  const from = diff.before === undefined ? '/dev/null' : diff.path;
  const to = diff.after === undefined ? '/dev/null' : diff.path;
  const header: readonly DiffLine[] = [
    { kind: 'header', text: `--- ${from}` },
    { kind: 'header', text: `+++ ${to}` },
  ];
  const patch = structuredPatch(from, to, diff.before ?? '', diff.after ?? '', undefined, undefined, {
    context: CONTEXT_LINES,
    maxEditLength: MOST_EDITS,
  });
  if (!patch) return [...header, { kind: 'note', text: '(too many differences to show)' }];
  if (patch.hunks.length === 0) {
    const why = diff.before === undefined || diff.after === undefined ? 'empty file' : 'only secrets differ';
    return [...header, { kind: 'note', text: `(${why})` }];
  }
  return [
    ...header,
    ...patch.hunks.flatMap((hunk): readonly DiffLine[] => [
      {
        kind: 'range',
        text: `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`,
      },
      ...hunk.lines.map((text) => ({ kind: kindOf(text), text })),
    ]),
  ];
}

/** A range; an empty one is named by the line before it, as in `diff -u`. */
function range(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

function kindOf(line: string): DiffLine['kind'] {
  if (line.startsWith('+')) return 'added';
  return line.startsWith('-') ? 'removed' : 'context';
}

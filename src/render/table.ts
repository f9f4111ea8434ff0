import { visibleInLine } from '../text/visible.ts';
import type { Colors, Style } from './output.ts';
import { padTo, widthOf, wrapTo } from './text.ts';

export interface Column {
  readonly title: string;
  /** Align right, for numbers. */
  readonly right?: boolean;
}

/** A cell: untrusted text, and a style that is applied after it is wrapped. */
export type Cell = string | { readonly text: string; readonly style: Style };

export interface TableOptions {
  readonly colors: Colors;
  /** Columns of the terminal; default: as wide as the content. */
  readonly width?: number;
  /** Spaces before each line; default 0. */
  readonly indent?: number;
}

const GAP = 2;
const NARROWEST = 8;

/**
 * A table as text: a header in capitals, two spaces between columns, no frame, so that `grep` and `awk` can process it.
 * Where it is wider than `width`, the widest columns are narrowed and their cells wrapped.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): string {
  const indent = ' '.repeat(options.indent ?? 0);
  const header: readonly Cell[] = columns.map((column) => ({
    text: column.title.toUpperCase(),
    style: options.colors.faint,
  }));
  const widths = fitted(
    columns.map((_, index) => Math.max(...[header, ...rows].map((row) => widthOf(textOf(row[index]))))),
    options.width === undefined ? Infinity : options.width - indent.length,
  );
  return [header, ...rows]
    .flatMap((row) => linesOf(row, columns, widths))
    .map((line) => (indent + line).trimEnd())
    .join('\n');
}

function textOf(cell: Cell | undefined): string {
  if (cell === undefined) return '';
  return visibleInLine(typeof cell === 'string' ? cell : cell.text);
}

/** Narrows the widest column until the table fits. */
function fitted(natural: readonly number[], available: number): readonly number[] {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1));
  while (total() > available) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= NARROWEST) break;
    widths[widest] = width - 1;
  }
  return widths;
}

function linesOf(
  row: readonly Cell[],
  columns: readonly Column[],
  widths: readonly number[],
): readonly string[] {
  const wrapped = columns.map((_, index) => wrapTo(textOf(row[index]), widths[index] ?? 0));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map((column, index) => {
        const text = wrapped[index]?.[line] ?? '';
        const width = widths[index] ?? 0;
        const spaces = ' '.repeat(Math.max(0, width - widthOf(text)));
        const cell = row[index];
        const styled = typeof cell === 'object' ? cell.style(text) : text;
        return column.right ? spaces + styled : padTo(styled, width);
      })
      .join(' '.repeat(GAP)),
  );
}

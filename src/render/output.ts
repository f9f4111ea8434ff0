import { forTerminal } from './colors.ts';

/** Where text goes: a terminal, a pipe, or a test's list. Every `tty.WriteStream` is one. */
export interface Output {
  write(text: string): unknown;
  /** Of the terminal; absent where there is none. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/**
 * An output on which nothing is written that a terminal would obey, but osha's own styles: whatever a host, a file or a
 * person made a text of, it is seen and does nothing. All that osha prints goes through one of these.
 */
export class GuardedOutput implements Output {
  /** Unguarded, for listr2, which moves the cursor itself: give it only what `forTerminal` has passed. */
  readonly raw: Output;

  constructor(raw: Output) {
    this.raw = raw;
  }

  get columns(): number | undefined {
    return this.raw.columns;
  }

  get rows(): number | undefined {
    return this.raw.rows;
  }

  write(text: string): void {
    this.raw.write(forTerminal(text));
  }
}

/** The stream's width for tables: none for a pipe, whose lines are never cut. */
export function widthLimit(output: Output): { readonly width?: number } {
  return output.columns === undefined ? {} : { width: Math.max(40, output.columns) };
}

/** Where text goes: a terminal, a pipe, or a test's list. Every `tty.WriteStream` is one. */
export interface Output {
  write(text: string): unknown;
  /** Of the terminal; absent where there is none. */
  readonly columns?: number;
  readonly rows?: number;
}

/** The stream's width for tables: none for a pipe, whose lines are never cut. */
export function widthLimit(output: Output): { readonly width?: number } {
  return output.columns === undefined ? {} : { width: Math.max(40, output.columns) };
}

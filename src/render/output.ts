import { randomInt } from 'node:crypto';
import { inPlaceOf, isLayout, STYLES, UNSEEN } from '../text/visible.ts';

/** A destination of text: a terminal, a pipe, or a buffer in a test. Every `tty.WriteStream` is one. */
export interface Output {
  write(text: string): unknown;
  /** Of the terminal; absent where there is none. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/**
 * An output that passes osha's own styles and escapes everything else that a terminal would obey, so that text of hosts,
 * files and persons has no effect but to be seen. Everything that osha prints goes through one.
 */
export class GuardedOutput implements Output {
  /** Unguarded, for listr2, which moves the cursor: write only the results of `forTerminal`. */
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

/** The width for tables: none for a pipe, whose lines are never cut. */
export function widthLimit(output: Output): { readonly width?: number } {
  return output.columns === undefined ? {} : { width: Math.max(40, output.columns) };
}

/** Wraps text in a style; returns it unchanged without colours. */
export type Style = (text: string) => string;

/** Styles by their meaning, so that all tables and lines use the same. */
export interface Colors {
  readonly enabled: boolean;
  readonly good: Style;
  readonly changed: Style;
  readonly bad: Style;
  readonly faint: Style;
  readonly strong: Style;
  readonly hint: Style;
}

const ESC = '\u001b[';

/**
 * Marks osha's own styles until they are written. It is random, so hosts and files cannot forge a style. It consists of
 * numbers of four digits, as in any SGR sequence, so that code that measures text recognises a style.
 */
const KEY = Array.from({ length: 4 }, () => randomInt(1000, 10_000)).join(';');

const OWN = new RegExp(`\\u001b\\[${KEY};(\\d+)m`);
const OWN_OR_UNSEEN = new RegExp(`${OWN.source}|${STYLES.source}|${UNSEEN.source}`, 'gu');

/**
 * Text that is safe to write to a terminal: osha's own styles become SGR sequences, newlines and tabs are kept, everything
 * else that a terminal would obey is escaped. All output passes this filter; see `GuardedOutput`.
 */
export function forTerminal(text: string): string {
  return text.replaceAll(OWN_OR_UNSEEN, (found, own: string | undefined) => {
    if (own !== undefined) return `${ESC}${own}m`;
    return isLayout(found) ? found : inPlaceOf(found);
  });
}

function style(open: number, close: number): Style {
  const start = `${ESC}${KEY};${open}m`;
  const end = `${ESC}${KEY};${close}m`;
  // The end of an inner style ends the outer one, too: begin the outer one again after it.
  return (text) => (text === '' ? '' : `${start}${text.replaceAll(end, `${end}${start}`)}${end}`);
}

const plain: Style = (text) => text;

/** The styles; each returns its text unchanged when `enabled` is false. Print the results on a `GuardedOutput`. */
export function createColors(enabled: boolean): Colors {
  if (!enabled) {
    return { enabled, good: plain, changed: plain, bad: plain, faint: plain, strong: plain, hint: plain };
  }
  return {
    enabled,
    good: style(32, 39),
    changed: style(33, 39),
    bad: style(31, 39),
    faint: style(2, 22),
    strong: style(1, 22),
    hint: style(36, 39),
  };
}

import { randomInt } from 'node:crypto';
import { inPlaceOf, isLayout, STYLES, UNSEEN } from '../text/visible.ts';

/** Puts a style around text, or leaves it alone where there is no colour. */
export type Style = (text: string) => string;

/** Colours by what they mean, so that every table and line says "failed" in the same way. */
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
 * Stands in osha's own styles until they are written: nothing that a host or a file says can hold it, so nothing but osha
 * colours anything. Numbers of four digits, as in any SGR sequence: whatever measures text takes it for a style.
 */
const KEY = Array.from({ length: 4 }, () => randomInt(1000, 10_000)).join(';');

const OWN = new RegExp(`\\u001b\\[${KEY};(\\d+)m`);
const OWN_OR_UNSEEN = new RegExp(`${OWN.source}|${STYLES.source}|${UNSEEN.source}`, 'gu');

/**
 * Text as it may be written to a terminal: osha's own styles as SGR sequences, and everything else that a terminal would
 * obey made visible, but newlines and tabs. The one filter that all output passes; see `GuardedOutput`.
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
  // An inner style's end would end the outer one too, so the outer one begins again after it.
  return (text) => (text === '' ? '' : `${start}${text.replaceAll(end, `${end}${start}`)}${end}`);
}

const plain: Style = (text) => text;

/** The palette; every style is the identity when `enabled` is false. Its text is for a `GuardedOutput`. */
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

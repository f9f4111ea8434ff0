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

function style(open: number, close: number): Style {
  const end = `${ESC}${close}m`;
  // An inner style's end would end the outer one too, so the outer one begins anew after it.
  return (text) => (text === '' ? '' : `${ESC}${open}m${text.replaceAll(end, `${end}${ESC}${open}m`)}${end}`);
}

const plain: Style = (text) => text;

/** The palette; every style is the identity when `enabled` is false. */
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

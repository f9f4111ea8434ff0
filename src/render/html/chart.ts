import { count, duration } from '../text.ts';
import { html, type Html } from './html.ts';
import type { Span } from './run-model.ts';
import { ticksOf, type Bar, type Lane, type Look } from './timeline.ts';

/** Pixels. */
const ROW = 14;
/** By look, in a row: colour is never the only difference. */
const SHAPES: Readonly<Record<Look, { readonly y: number; readonly height: number }>> = {
  ok: { y: 5, height: 4 },
  changed: { y: 2, height: 10 },
  failed: { y: 0, height: 14 },
  refused: { y: 0, height: 14 },
  skipped: { y: 4, height: 6 },
  unfinished: { y: 2, height: 10 },
};

const LEGEND: Readonly<Record<Look, string>> = {
  ok: 'ok, nothing to do (thin)',
  changed: 'changed (tall)',
  failed: 'failed (striped)',
  refused: 'refused (checked)',
  skipped: 'skipped (hollow)',
  unfinished: 'not finished (dotted)',
};

/** The fills of bars, once for the whole page. */
export function patterns(): Html {
  return html`<svg class="defs" width="0" height="0" aria-hidden="true" focusable="false">
    <defs>
      <pattern id="failed" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="ink failed" width="6" height="6" />
        <rect class="gap" width="2" height="6" />
      </pattern>
      <pattern id="refused" width="6" height="6" patternUnits="userSpaceOnUse">
        <rect class="ink refused" width="6" height="6" />
        <rect class="gap" width="2" height="2" />
        <rect class="gap" x="3" y="3" width="2" height="2" />
      </pattern>
      <pattern id="unfinished" width="5" height="5" patternUnits="userSpaceOnUse">
        <rect class="ink unfinished" width="3" height="3" />
      </pattern>
    </defs>
  </svg>`;
}

/** What the bars of a chart mean. */
export function legend(): Html {
  return html`<ul class="legend" aria-label="Meaning of the bars">
    ${LOOKS.map(
      (look) =>
        html`<li>
          <svg width="28" height="${ROW}" aria-hidden="true" focusable="false">${rect(look, '1', '26')}</svg>
          ${LEGEND[look]}
        </li> `,
    )}
  </ul>`;
}

const LOOKS = Object.keys(LEGEND) as readonly Look[];

/** A row of a chart: what it is about, its bars, and what it came to. */
export interface ChartRow {
  readonly name: Html | string;
  readonly lane: Omit<Lane, 'name'>;
  readonly note?: Html | string;
}

/** Rows that belong together. */
export interface ChartPart {
  readonly title: string;
  readonly rows: readonly ChartRow[];
}

export interface ChartOptions {
  /** Of the table, for those who cannot see it. */
  readonly caption: string;
  readonly span: Span;
  /** Stretches of time that are told apart by their background. */
  readonly bands?: readonly Span[];
  /** Distinguishes the charts of a page. */
  readonly id: string;
}

/** Bars over time: a table whose cells are drawings, so that its rows can also be read aloud. */
export function chart(parts: readonly ChartPart[], options: ChartOptions): Html {
  const { caption, span, id } = options;
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    ${bands(options)}
    <table class="chart">
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          <td></td>
          <td>${axis(span)}</td>
          <td></td>
        </tr>
      </thead>
      ${parts
        .filter(({ rows }) => rows.length > 0)
        .map(
          ({ title, rows }) =>
            html`<tbody>
              <tr>
                <th class="part" scope="rowgroup" colspan="3">${title}</th>
              </tr>
              ${rows.map(
                ({ name, lane, note }) =>
                  html`<tr>
                    <th scope="row">${name}</th>
                    <td>${laneDrawing(lane, span, id)}</td>
                    <td class="note">${note}</td>
                  </tr> `,
              )}
            </tbody> `,
        )}
    </table>
  </div>`;
}

/** Every second stretch, once for all lanes of the chart. */
function bands({ bands: stretches = [], span, id }: ChartOptions): Html {
  const shaded = stretches.filter((_, index) => index % 2 === 1);
  return html`<svg class="defs" width="0" height="0" aria-hidden="true" focusable="false">
    <defs>
      <g id="bands-${id}">
        ${shaded.map(
          ({ from, to }) =>
            html`<rect
              class="band"
              x="${percent(from - span.from, span)}"
              width="${percent(to - from, span)}"
              height="100%"
            />`,
        )}
      </g>
    </defs>
  </svg>`;
}

function axis(span: Span): Html {
  const length = span.to - span.from;
  return html`<svg
    class="axis"
    width="100%"
    height="${ROW}"
    role="img"
    aria-label="${`Time, up to ${duration(length)}`}"
  >
    ${ticksOf(length)
      .filter((at) => at <= length * LAST_TICK)
      .map((at) => html`<text x="${percent(at, span)}" y="11">${at === 0 ? '0' : duration(at)}</text>`)}
  </svg>`;
}

/** A mark closer to the end has no room for its text. */
const LAST_TICK = 0.95;

function laneDrawing({ rows }: Omit<Lane, 'name'>, span: Span, id: string): Html {
  const height = ROW * Math.max(1, rows.length);
  return html`<svg
    class="lane"
    width="100%"
    height="${height}"
    role="img"
    aria-label="${inWords(rows.flat())}"
    focusable="false"
  >
    <use href="#bands-${id}" />
    ${rows.map((bars, row) => bars.map((bar) => barDrawing(bar, row, span)))}
  </svg>`;
}

function barDrawing({ from, to, look, title }: Bar, row: number, span: Span): Html {
  const isWide = to - from > (span.to - span.from) * WIDE;
  const drawn = rect(look, percent(from - span.from, span), percent(to - from, span), row, isWide);
  return html`<g><title>${title}</title>${drawn}</g>`;
}

/** Bars above this part of the whole width can be parted by a line. */
const WIDE = 0.006;

function rect(look: Look, x: string, width: string, row = 0, isWide = false): Html {
  const { y, height } = SHAPES[look];
  return html`<rect
    class="bar ${look}${isWide && ' wide'}"
    x="${x}"
    y="${y + row * ROW}"
    width="${width}"
    height="${height}"
  />`;
}

function percent(part: number, { from, to }: Span): string {
  const length = to - from;
  return `${length > 0 ? ((100 * part) / length).toFixed(2) : 0}%`;
}

/** The bars of a lane in words: "12 ok, 3 changed". */
function inWords(bars: readonly Bar[]): string {
  const counts = LOOKS.map((look) => [look, bars.filter((bar) => bar.look === look).length] as const);
  const words = counts
    .filter(([, number]) => number > 0)
    .map(([look, number]) => `${number} ${wordFor(look)}`);
  return words.length === 0 ? 'nothing ran' : `${count(bars.length, 'bar')}: ${words.join(', ')}`;
}

function wordFor(look: Look): string {
  return look === 'unfinished' ? 'not finished' : look;
}

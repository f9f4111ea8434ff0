import type { Host, Inventory } from '../../src/inventory/types.ts';
import { lanesOf, type Lane, type Mark, type Place } from './lanes.ts';

/** Everything in pixels. */
const LABELS = 205;
const COLUMN = 108;
const LANE = 38;
const MARGIN = 14;
const HEAD = 62;
const RADIUS = 8;

/** Colours for a light and for a dark page; shapes differ too, for those who see no colours. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2933; }
  .name { font-weight: 600; text-anchor: middle; }
  .address { font-size: 11px; text-anchor: middle; }
  .title { font-weight: 600; }
  .address, .note, .legend { fill: #5b6672; }
  .note, .legend { font-size: 11px; }
  .host { fill: #f4f6f8; stroke: #c3cbd3; }
  .line { stroke: #e3e7eb; }
  .join { stroke: #2f6fb3; stroke-width: 4; opacity: 0.45; }
  .active { fill: #2f6fb3; stroke: #2f6fb3; }
  .standby { fill: #ffffff; stroke: #2f6fb3; }
  .vote { fill: #ffffff; stroke: #a15c00; }
  .client { fill: #5b6672; stroke: #5b6672; }
  .active, .standby, .vote, .client { stroke-width: 2.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .address, .note, .legend { fill: #9aa7b4; }
    .host { fill: #1b222b; stroke: #47525e; }
    .line { stroke: #2c343d; }
    .join { stroke: #6cb0f5; }
    .active { fill: #6cb0f5; stroke: #6cb0f5; }
    .standby { fill: #0d1117; stroke: #6cb0f5; }
    .vote { fill: #0d1117; stroke: #f0b45a; }
    .client { fill: #9aa7b4; stroke: #9aa7b4; }
  }
`;

const MEANING: Readonly<Record<Mark, string>> = {
  active: 'at work',
  standby: 'takes over',
  vote: 'only votes',
  client: 'only uses it',
};

/** The picture of an inventory as SVG: a column for each host, a row for each system, joined where hosts are one cluster. */
export function pictureOf(inventory: Inventory): string {
  const lanes = lanesOf(inventory);
  const columns = new Map(
    inventory.hosts.map(({ name }, index) => [name, LABELS + MARGIN + COLUMN * (index + 0.5)]),
  );
  const width = LABELS + COLUMN * inventory.hosts.length + 2 * MARGIN;
  const bottom = MARGIN + HEAD + LANE * lanes.length + MARGIN;
  const height = bottom + 34;
  const marks = (Object.keys(MEANING) as Mark[]).filter((mark) =>
    lanes.some(({ parts }) => parts.flat().some((place) => place.mark === mark)),
  );
  const names = inventory.hosts.map(({ name }) => name).join(', ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(`Hosts ${names}, and what runs on each`)}">`,
    `<style>${STYLE}</style>`,
    ...inventory.hosts.map((host) => hostBox(host, columns.get(host.name) ?? 0, bottom - MARGIN)),
    ...lanes.flatMap((lane, index) => laneOf(lane, MARGIN + HEAD + LANE * (index + 0.5), columns, width)),
    ...legend(marks, bottom + 12),
    '</svg>',
    '',
  ].join('\n');
}

function hostBox(host: Host, x: number, height: number): string {
  const addresses = [
    host.address,
    ...Object.keys(host.networks)
      .sort()
      .flatMap((network) => host.networks[network] ?? []),
  ];
  return [
    `<rect class="host" x="${x - COLUMN / 2 + 4}" y="${MARGIN}" width="${COLUMN - 8}" height="${height}" rx="8"/>`,
    textAt('name', x, MARGIN + 20, host.name),
    ...addresses.map((address, index) => textAt('address', x, MARGIN + 36 + 14 * index, address)),
  ].join('\n');
}

function laneOf(
  { title, note, parts }: Lane,
  y: number,
  columns: ReadonlyMap<string, number>,
  width: number,
): readonly string[] {
  const x = ({ host }: Place): number => columns.get(host) ?? 0;
  return [
    `<line class="line" x1="${MARGIN}" x2="${width - MARGIN}" y1="${y - LANE / 2}" y2="${y - LANE / 2}"/>`,
    textAt('title', MARGIN, note === '' ? y + 5 : y - 2, title),
    ...(note === '' ? [] : [textAt('note', MARGIN, y + 12, note)]),
    ...parts.flatMap((places) => joint(places.map(x), y)),
    ...parts.flat().map((place) => markAt(place.mark, x(place), y)),
  ];
}

function joint(xs: readonly number[], y: number): readonly string[] {
  if (xs.length < 2) return [];
  return [`<line class="join" x1="${Math.min(...xs)}" x2="${Math.max(...xs)}" y1="${y}" y2="${y}"/>`];
}

function markAt(mark: Mark, x: number, y: number): string {
  switch (mark) {
    case 'active':
    case 'standby':
      return `<circle class="${mark}" cx="${x}" cy="${y}" r="${RADIUS}"/>`;
    case 'vote':
      return `<path class="vote" d="M${x} ${y - RADIUS - 1}L${x + RADIUS + 1} ${y}L${x} ${y + RADIUS + 1}L${x - RADIUS - 1} ${y}Z"/>`;
    case 'client':
      return `<rect class="client" x="${x - 4}" y="${y - 4}" width="8" height="8"/>`;
  }
}

function legend(marks: readonly Mark[], y: number): readonly string[] {
  const xOf = (index: number): number => MARGIN + RADIUS + 110 * index;
  const end = xOf(marks.length);
  return [
    ...marks.flatMap((mark, index) => [
      markAt(mark, xOf(index), y),
      textAt('legend', xOf(index) + 16, y + 4, MEANING[mark]),
    ]),
    ...joint([end - RADIUS, end + 2 * RADIUS], y),
    textAt('legend', end + 3 * RADIUS, y + 4, 'belong together'),
  ];
}

function textAt(kind: string, x: number, y: number, words: string): string {
  return `<text class="${kind}" x="${x}" y="${y}">${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

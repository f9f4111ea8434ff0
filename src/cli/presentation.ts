import { jsonLine } from '../text/json-line.ts';
import type { Colors } from '../render/colors.ts';
import type { RendererKind } from '../render/renderer.ts';
import type { Io } from './io.ts';
import type { OutputOptions } from './options.ts';

/** What decides on colours: of the options of a verb. */
export interface ColorOptions {
  readonly color: boolean;
  readonly json?: boolean;
}

/** True where colours are wanted and seen: a terminal that knows them, no `--no-color`, no `NO_COLOR`. */
export function wantsColor(io: Io, options: ColorOptions): boolean {
  const { NO_COLOR, TERM } = io.env;
  // https://no-color.org: whatever it is set to, unless it is empty.
  return io.isTTY && options.color && !options.json && !NO_COLOR && TERM !== 'dumb';
}

/** A list that moves on a terminal that can do it, lines everywhere else, JSON where it is asked for. */
export function rendererKind(io: Io, options: OutputOptions): RendererKind {
  if (options.json) return 'json';
  return options.plain || !io.isTTY || io.env['TERM'] === 'dumb' ? 'plain' : 'interactive';
}

/** What the tables of a verb are drawn with. */
export async function drawing(
  io: Io,
  options: ColorOptions,
): Promise<{ readonly colors: Colors; readonly width?: number }> {
  const [{ createColors }, { widthLimit }] = await Promise.all([
    import('../render/colors.ts'),
    import('../render/output.ts'),
  ]);
  return { colors: createColors(wantsColor(io, options)), ...widthLimit(io.stdout) };
}

/** Writes each of `values` as a line of JSON. */
export function printJson(io: Io, values: Iterable<object>): void {
  for (const value of values) io.stdout.write(`${jsonLine(value)}\n`);
}

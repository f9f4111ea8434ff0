import { createColors, widthLimit, type Colors } from '../render/output.ts';
import type { RendererKind } from '../render/renderer.ts';
import type { HostTotals, RunEvent } from '../runner/events.ts';
import { noTotals } from '../runner/totals.ts';
import { jsonLine } from '../text/visible.ts';
import type { Io } from './io.ts';
import type { OutputOptions } from './options.ts';

/** The options of a verb that decide about colours. */
export interface ColorOptions {
  readonly color: boolean;
  readonly json?: boolean;
}

/** Whether to use colours: on a terminal that has them, without `--no-color` and `NO_COLOR`. */
export function wantsColor(io: Io, options: ColorOptions): boolean {
  const { NO_COLOR, TERM } = io.env;
  // https://no-color.org: any value but an empty one.
  return io.isTTY && options.color && !options.json && !NO_COLOR && TERM !== 'dumb';
}

/** JSON where it is asked for, the live progress view on a capable terminal, plain lines everywhere else. */
export function rendererKind(io: Io, options: OutputOptions): RendererKind {
  if (options.json) return 'json';
  return options.plain || !io.isTTY || io.env['TERM'] === 'dumb' ? 'plain' : 'interactive';
}

/** The colours and the width for the tables of a verb. */
export function tableOptions(
  io: Io,
  options: ColorOptions,
): { readonly colors: Colors; readonly width?: number } {
  return { colors: createColors(wantsColor(io, options)), ...widthLimit(io.stdout) };
}

/** Prints each of `values` as a line of JSON. */
export function printJson(io: Io, values: Iterable<object>): void {
  for (const value of values) io.stdout.write(`${jsonLine(value)}\n`);
}

type Summary = Extract<RunEvent, { event: 'summary' }>;

/** The counts of a host, for a verb that runs no plan. */
export interface HostCount extends Partial<HostTotals> {
  readonly host: string;
}

/** The last line of `--json` for a verb that runs no plan, in the shape of a run's summary. The default of counts is 0. */
export function plainSummary(
  hosts: readonly HostCount[],
  run: { readonly durationMs?: number; readonly interrupted?: boolean } & Partial<
    Pick<Summary, 'ok' | 'failed'>
  > = {},
): Summary {
  const totals = hosts.map(({ host, ...counts }): [string, HostTotals] => [
    host,
    { ...noTotals(), ...counts },
  ]);
  const sum = (of: (host: HostTotals) => number): number =>
    totals.reduce((total, [, host]) => total + of(host), 0);
  return {
    event: 'summary',
    ok: run.ok ?? sum((host) => host.ok),
    changes: 0,
    unknown: 0,
    failed: run.failed ?? sum((host) => host.failed),
    skipped: 0,
    unreachable: sum((host) => (host.unreachable ? 1 : 0)),
    durationMs: run.durationMs ?? 0,
    hosts: Object.fromEntries(totals),
    interrupted: run.interrupted ?? false,
  };
}

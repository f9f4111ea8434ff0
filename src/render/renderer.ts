import type { EventSink } from '../runner/events.ts';
import { jsonLine } from '../text/json-line.ts';
import { visibleInLine } from '../text/visible.ts';
import { createColors } from './colors.ts';
import { widthLimit, type GuardedOutput } from './output.ts';
import { plainRenderer } from './plain.ts';
import { hasFailed, type Progress, type StepProgress } from './progress.ts';
import { report } from './report.ts';
import { stepLines } from './step-lines.ts';
import { indented } from './text.ts';

export type RendererKind = 'interactive' | 'plain' | 'json';

export interface RendererOptions {
  readonly color: boolean;
  readonly verbose: boolean;
  /** For `interactive` a terminal. */
  readonly stdout: GuardedOutput;
  readonly stderr: GuardedOutput;
  /** The run's record, to be named at the end. */
  readonly log?: string;
  /** The run that is shown goes on elsewhere; default false. */
  readonly goesOn?: boolean | undefined;
  /** Titles of the phases, by name, so that also those that still wait have one. */
  readonly titles?: ReadonlyMap<string, string>;
}

/** Shows a run as it happens. */
export interface Renderer {
  readonly sink: EventSink;
  /** Something about osha itself and not about the run, such as "stopping". */
  readonly notice: (text: string) => void;
  /** Shows the end of the run; after it the terminal is free again. */
  readonly finish: () => Promise<void>;
  /** Leaves the terminal usable and shows the last words, if any, because the process exits at once. */
  readonly abandon: (words?: string) => void;
}

/**
 * The renderer of a kind: `interactive` is a list of listr2 that moves, `plain` is lines for logs and pipes, `json` is
 * one line of JSON for each event and nothing else. listr2 is loaded only where it is used.
 */
export async function createRenderer(kind: RendererKind, options: RendererOptions): Promise<Renderer> {
  const { stdout, stderr, verbose } = options;
  const colors = createColors(options.color && kind !== 'json');
  const toStderr = (text: string): void => void stderr.write(`${text}\n`);
  const lastWords = (words?: string): void => {
    if (words !== undefined) toStderr(words);
  };
  const endOf = (progress: Progress): string =>
    report(progress, {
      colors,
      ...widthLimit(stdout),
      goesOn: options.goesOn,
      ...(options.log === undefined ? {} : { log: options.log }),
    });

  switch (kind) {
    case 'json':
      return {
        sink: (event) => void stdout.write(`${jsonLine(event)}\n`),
        notice: toStderr,
        finish: async () => undefined,
        abandon: lastWords,
      };
    case 'plain': {
      const { sink, progress, finish } = plainRenderer({ colors, verbose, stdout, stderr });
      return {
        sink,
        notice: toStderr,
        finish: async () => {
          finish();
          stdout.write(`\n${endOf(progress)}\n`);
        },
        abandon: lastWords,
      };
    }
    case 'interactive': {
      const { interactiveRenderer } = await import('./interactive.ts');
      const list = interactiveRenderer({
        colors,
        stdout,
        stderr,
        ...(options.titles ? { titles: options.titles } : {}),
      });
      return {
        sink: list.sink,
        notice: list.notice,
        finish: async () => {
          await list.finish();
          const details = detailsOf(list.progress, options);
          stdout.write(`\n${details === '' ? '' : `${details}\n\n`}${endOf(list.progress)}\n`);
        },
        abandon: list.abandon,
      };
    }
  }
}

/**
 * What the live view had no room for: the differences of a comparison, the facts behind a cluster's changes, and what is
 * unhealthy though its verification passed.
 */
function detailsOf(progress: Progress, options: RendererOptions): string {
  const colors = createColors(options.color);
  const diff = progress.mode === 'diff';
  return [...progress.phases.values()]
    .flatMap((phase) =>
      [...phase.steps.values()].flatMap((step) => {
        const all = diff || options.verbose;
        const shown = all ? step : { ...step, changes: [], hosts: new Map(), findings: unsaidFindings(step) };
        const lines = stepLines(shown, { colors, verbose: options.verbose, diffs: all });
        if (lines.length === 0) return [];
        return [
          `${colors.strong(visibleInLine(phase.title))}: ${visibleInLine(step.title)}`,
          ...lines.map((line) => indented(line, '  ')),
        ];
      }),
    )
    .join('\n');
}

/** Findings that no failure of the step tells. */
function unsaidFindings(step: StepProgress): StepProgress['findings'] {
  return hasFailed(step) ? [] : step.findings;
}

import type { EventSink } from '../runner/events.ts';
import { jsonLine, visibleInLine } from '../text/visible.ts';
import { createColors, widthLimit, type GuardedOutput } from './output.ts';
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
  /** The path of the run's record, to be shown at the end. */
  readonly log?: string;
  /** Whether the shown run is still running in another process; default false. */
  readonly isRunning?: boolean | undefined;
  /** Titles of phases that have not started yet, by name; default: their names. */
  readonly titles?: ReadonlyMap<string, string>;
}

/** Shows the progress of a run. */
export interface Renderer {
  readonly sink: EventSink;
  /** Shows a message about osha itself, such as "stopping". */
  readonly notice: (text: string) => void;
  /** Shows the end of the run and restores the terminal. */
  readonly finish: () => Promise<void>;
  /** Restores the terminal and prints `words`, because the process is about to exit. */
  readonly abandon: (words?: string) => void;
}

/**
 * The renderer of a kind: `interactive` is a live list of listr2, `plain` is lines for logs and pipes, `json` is one line of
 * JSON for each event and nothing else. listr2 is loaded only for `interactive`.
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
      isRunning: options.isRunning,
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
 * Details that the live view does not show: diffs, evidence for decisions about clusters, and unhealthy findings of
 * verifications that passed.
 */
function detailsOf(progress: Progress, options: RendererOptions): string {
  const colors = createColors(options.color);
  const diff = progress.mode === 'diff';
  return [...progress.phases.values()]
    .flatMap((phase) =>
      [...phase.steps.values()].flatMap((step) => {
        const all = diff || options.verbose;
        const shown = all
          ? step
          : { ...step, changes: [], hosts: new Map(), findings: findingsOutsideFailure(step) };
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

/** The findings that are not part of the step's failure. */
function findingsOutsideFailure(step: StepProgress): StepProgress['findings'] {
  return hasFailed(step) ? [] : step.findings;
}

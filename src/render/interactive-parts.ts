import {
  Listr,
  ListrDefaultRendererLogLevels as Level,
  ListrLogger,
  ListrTaskEventType,
  type DefaultRenderer,
  type ListrTask,
} from 'listr2';
import type { CloudEvent } from '../cloud/events.ts';
import { visibleBehind, visibleInLine } from '../text/visible.ts';
import { forTerminal, type Colors } from './colors.ts';
import { drawn, FrameSpinner, Gates, LiveOutput, palette } from './listr-parts.ts';
import type { GuardedOutput } from './output.ts';
import { failureLines, headOf, verdictOf, type PartsRenderer } from './part-lines.ts';
import { cutTo, duration } from './text.ts';

export interface InteractivePartsOptions {
  readonly colors: Colors;
  /** A terminal. */
  readonly stdout: GuardedOutput;
  readonly stderr: GuardedOutput;
}

type Task = ListrTask<undefined, typeof DefaultRenderer, typeof DefaultRenderer>;

/** What is known of a part, to be drawn. */
interface PartState {
  readonly title: string;
  startedAt?: number;
  waitsFor?: string;
  finished?: Extract<CloudEvent, { event: 'part-finished' }>;
}

/** Columns that an icon and its space take. */
const MARGIN = 4;

/** A round as a list of listr2 that follows the events, and below it what went wrong. */
export function interactiveParts({ colors, stdout, stderr }: InteractivePartsOptions): PartsRenderer {
  const output = new LiveOutput(stdout, stderr);
  const parts = new Map<string, PartState>();
  const after: string[] = [];
  let noticed = '';
  let tasks: readonly Shown[] = [];
  let gates = new Gates();
  let listed: Promise<unknown> | undefined;
  let broken: Error | undefined;

  const paint = (): void => {
    const last = tasks.at(-1);
    if (last) last.title = drawn(colors.changed(noticed));
    const width = Math.max(20, (stdout.columns ?? 100) - MARGIN);
    [...parts.values()].forEach((part, index) => {
      const task = tasks[index];
      if (!task) return;
      task.title = drawn(cutTo(titleOf(part, colors), width));
      // listr2 has no room for the output of a task that is over.
      if (part.startedAt !== undefined && !part.finished) {
        task.emit(ListrTaskEventType.OUTPUT, drawn(cutTo(part.waitsFor ?? '', width)));
      }
    });
  };

  // A defect of the display must not keep things from being removed: it is told at the end.
  const draw = (): void => {
    try {
      paint();
    } catch (error) {
      broken ??= error instanceof Error ? error : new Error(String(error));
    }
  };

  const taskOf = (part: string): Task => ({
    title: drawn(parts.get(part)?.title ?? part),
    task: async (_, task) => {
      await gates.of(part).passed;
      draw();
      const outcome = parts.get(part)?.finished?.outcome;
      if (outcome === 'skipped' || outcome === undefined) task.skip();
      else if (outcome !== 'ok') throw new Error(part);
    },
  });

  const start = (event: Extract<CloudEvent, { event: 'smoke-started' }>): void => {
    parts.clear();
    after.length = 0;
    gates = new Gates();
    for (const { part, title } of event.parts) parts.set(part, { title: visibleInLine(title) });
    stdout.write(`${headOf(event)}\n`);
    const list = new Listr<undefined, 'default', 'default'>(
      // The last one is a line for notices; listr2 does not show it while it has no title.
      [...event.parts.map(({ part }) => taskOf(part)), { title: '', task: () => gates.of('end').passed }],
      {
        concurrent: false,
        exitOnError: false,
        registerSignalListeners: false,
        renderer: 'default',
        fallbackRenderer: 'default',
        rendererOptions: {
          logger: new ListrLogger<Level>({ useIcons: true, processOutput: output }),
          spinner: new FrameSpinner(draw),
          formatOutput: 'truncate',
          showErrorMessage: false,
          showSkipMessage: false,
          icon: { [Level.OUTPUT]: '›' },
          color: palette(colors),
        },
      },
    );
    tasks = list.tasks;
    listed = list.run(undefined);
  };

  return {
    sink: (event) => {
      switch (event.event) {
        case 'smoke-started':
          start(event);
          break;
        case 'part-started':
          Object.assign(parts.get(event.part) ?? {}, { startedAt: Date.now() });
          break;
        case 'progress':
          Object.assign(parts.get(event.part) ?? {}, { waitsFor: visibleInLine(event.text) });
          break;
        case 'remark':
          after.push(`${colors.changed('note:')} ${visibleBehind(event.text)}`);
          break;
        case 'part-finished': {
          const state = parts.get(event.part);
          if (state) state.finished = event;
          const lines = failureLines(event, colors);
          if (lines.length > 0)
            after.push(`${colors.strong(state?.title ?? event.part)}: ${lines.join('\n  ')}`);
          gates.of(event.part).open();
          break;
        }
      }
    },
    notice: (text) => {
      noticed = text;
    },
    finish: async () => {
      if (!listed) return;
      noticed = '';
      draw();
      gates.of('end').open();
      for (const part of parts.keys()) gates.of(part).open();
      await listed;
      listed = undefined;
      if (after.length > 0) stdout.write(`\n${after.join('\n')}\n`);
      after.length = 0;
      if (broken) stderr.write(`osha: the display failed, the test did not: ${String(broken)}\n`);
      broken = undefined;
    },
    abandon: (words) => {
      // While the list is drawn, listr2 keeps what others write.
      if (listed) output.toStdout(`\u001b[?25h\n${forTerminal(words)}`);
      else stderr.write(`${words}\n`);
    },
  };
}

/** What is used of a task of listr2. */
interface Shown {
  title?: string | undefined;
  emit(event: ListrTaskEventType.OUTPUT, text: string): void;
}

function titleOf({ title, startedAt, finished }: PartState, colors: Colors): string {
  if (finished) return `${title}: ${verdictOf(finished, colors)}`;
  return startedAt === undefined ? colors.faint(title) : `${title}, ${duration(Date.now() - startedAt)}`;
}

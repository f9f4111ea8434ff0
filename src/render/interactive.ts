import {
  Listr,
  ListrDefaultRendererLogLevels as Level,
  ListrLogger,
  ListrTaskEventType,
  type DefaultRenderer,
  type ListrTask,
} from 'listr2';
import type { EventSink, RunEvent } from '../runner/events.ts';
import { visibleInLine } from '../text/visible.ts';
import { MARGIN, MOST_HOST_LINES, viewOf, type StepView } from './interactive-view.ts';
import { drawn, FrameSpinner, Gates, LiveOutput, palette } from './listr-parts.ts';
import { forTerminal, type Colors, type GuardedOutput } from './output.ts';
import {
  advance,
  createProgress,
  hasFailed,
  phaseOf,
  wasInterrupted,
  type Progress,
  type StepProgress,
} from './progress.ts';
import { cutTo } from './text.ts';

export interface InteractiveOptions {
  readonly colors: Colors;
  /** A terminal. */
  readonly stdout: GuardedOutput;
  readonly stderr: GuardedOutput;
  /** Titles of phases that have not started yet, by name; default: their names. */
  readonly titles?: ReadonlyMap<string, string>;
}

export interface InteractiveRenderer {
  readonly sink: EventSink;
  readonly progress: Progress;
  /** Shows a line below the list, until the end. */
  readonly notice: (text: string) => void;
  /** Ends the list and restores the terminal. */
  readonly finish: () => Promise<void>;
  /** Restores the terminal immediately and prints `words`, because the process is about to exit. */
  readonly abandon: (words?: string) => void;
}

/** Default size of a terminal. */
const COLUMNS = 80;
const ROWS = 24;

type Task = ListrTask<undefined, typeof DefaultRenderer, typeof DefaultRenderer>;
/** The part of a listr2 task that is used here, whether it waits or runs. */
interface Shown {
  title?: string | undefined;
  emit(event: ListrTaskEventType.OUTPUT, text: string): void;
}

/** Shows a run as a live list of listr2: phases, their steps, and the hosts that are still running. */
export function interactiveRenderer(options: InteractiveOptions): InteractiveRenderer {
  const { colors, stdout, stderr } = options;
  const progress = createProgress();
  const gates = new Gates();
  const phaseTasks = new Map<string, Shown>();
  const stepTasks = new Map<string, Shown>();
  const waveTasks = new Map<readonly string[], Shown>();
  const output = new LiveOutput(stdout, stderr);
  let head: Shown | undefined;
  let later: Shown | undefined;
  let noticed = '';
  let ended = false;
  let listed: Promise<void> | undefined;
  let broken: Error | undefined;

  const paint = (): void => {
    const view = viewOf(progress, {
      colors,
      now: Date.now(),
      columns: stdout.columns ?? COLUMNS,
      rows: stdout.rows ?? ROWS,
    });
    if (head) head.title = drawn(view.head);
    if (later) later.title = drawn(ended ? '' : noticed === '' ? view.later : colors.changed(noticed));
    for (const [wave, task] of waveTasks) {
      const hidden = wave.every((name) => view.phases.get(name)?.title === '');
      const titles = wave.map((name) => visibleInLine(phaseOf(progress, name).title)).join(', ');
      task.title = hidden
        ? ''
        : drawn(colors.faint(cutTo(titles, (stdout.columns ?? COLUMNS) - MARGIN.phase)));
    }
    for (const [name, phase] of view.phases) {
      const task = phaseTasks.get(name);
      if (task) task.title = drawn(phase.title);
      [...phase.steps.values()].forEach((step, index) => drawStep(stepTasks.get(`${name} ${index}`), step));
    }
  };

  // A defect of the display must not end a deployment half way: it is reported at the end.
  const draw = (): void => {
    try {
      paint();
    } catch (error) {
      broken ??= error instanceof Error ? error : new Error(String(error));
    }
  };

  // A step's title is blank until it starts: the phase's title counts waiting steps. Blank, not absent: listr2 shows the
  // output of a task without a title at the bottom of the screen.
  const stepTask = (phase: string, index: number): Task => ({
    title: ' ',
    task: async (_, task) => {
      stepTasks.set(`${phase} ${index}`, task.task);
      await gates.of(`${phase} ${index}`).passed;
      draw();
      const step = stepAt(progress, phase, index);
      if (step && (hasFailed(step) || wasInterrupted(step))) throw new Error(drawn(step.title));
    },
    rendererOptions: { outputBar: MOST_HOST_LINES + 1, persistentOutput: true },
  });

  const phaseTask = (name: string): Task => ({
    title: drawn(phaseOf(progress, name).title),
    task: async (_, task) => {
      await gates.of(`${name} started`).passed;
      const phase = phaseOf(progress, name);
      if (phase.state === 'waiting' || phase.state === 'skipped') {
        task.skip();
        return undefined;
      }
      // A task without a line of its own that fails with the phase, to mark it as failed.
      const end: Task = {
        task: async () => {
          await gates.of(`${name} finished`).passed;
          draw();
          const ended = phaseOf(progress, name);
          if (['failed', 'refused', 'interrupted'].includes(ended.state)) throw new Error(name);
        },
      };
      const steps = phase.expected.map((_title, index) => stepTask(name, index));
      return task.newListr([...steps, end], { concurrent: true, exitOnError: false });
    },
  });

  // Phases that run in parallel share a line while they wait. Removing its title replaces it with theirs: listr2 shows the
  // subtasks of a task without a title in its place.
  const waveTask = (wave: readonly string[]): Task => ({
    title: drawn(wave.join(', ')),
    task: (_, task) => {
      waveTasks.delete(wave);
      const line: Shown = task.task;
      line.title = undefined;
      const phases = task.newListr(wave.map(phaseTask), { concurrent: true, exitOnError: false });
      wave.forEach((name, index) => addPhase(name, phases.tasks[index]));
      draw();
      return phases;
    },
  });

  const addPhase = (name: string, task: Shown | undefined): void => {
    if (task) phaseTasks.set(name, task);
  };

  const openPhase = (name: string): void => {
    phaseOf(progress, name).expected.forEach((_title, index) => gates.of(`${name} ${index}`).open());
    gates.of(`${name} started`).open();
    gates.of(`${name} finished`).open();
  };

  const start = (event: Extract<RunEvent, { event: 'run-started' }>): void => {
    const logger = new ListrLogger<Level>({ useIcons: true, processOutput: output });
    const list = new Listr<undefined, 'default', 'default'>(
      [
        { title: 'Connect', task: () => gates.of('connected').passed },
        ...event.waves.map((wave) => (isAlone(wave) ? phaseTask(wave[0]) : waveTask(wave))),
        { title: ' ', task: () => gates.of('end').passed },
      ],
      {
        concurrent: false,
        exitOnError: false,
        registerSignalListeners: false,
        renderer: 'default',
        fallbackRenderer: 'default',
        rendererOptions: {
          logger,
          spinner: new FrameSpinner(draw),
          formatOutput: 'truncate',
          showErrorMessage: false,
          showSkipMessage: false,
          icon: { [Level.COMPLETED_WITH_FAILED_SUBTASKS]: '✖', [Level.OUTPUT]: '›' },
          color: palette(colors),
        },
      },
    );
    head = list.tasks[0];
    later = list.tasks.at(-1);
    event.waves.forEach((wave, index) => {
      const task = list.tasks[index + 1];
      if (isAlone(wave)) addPhase(wave[0], task);
      else if (task) waveTasks.set(wave, task);
    });
    draw();
    listed = list.run(undefined).then(() => undefined);
  };

  const sink: EventSink = (event) => {
    advance(progress, event, Date.now());
    switch (event.event) {
      case 'run-started':
        for (const phase of progress.phases.values())
          phase.title = options.titles?.get(phase.name) ?? phase.name;
        start(event);
        break;
      case 'connected':
      case 'unreachable':
        if (progress.connected + progress.unreachable.size >= progress.hosts.length)
          gates.of('connected').open();
        break;
      case 'phase-started':
        gates.of('connected').open();
        gates.of(`${event.phase} started`).open();
        break;
      case 'step-finished':
        gates.of(`${event.phase} ${indexOf(progress, event.phase, event.step)}`).open();
        break;
      case 'phase-finished':
        openPhase(event.phase);
        break;
      case 'rejected':
      case 'warning':
      case 'step-started':
      case 'host-started':
      case 'change':
      case 'change-finished':
      case 'may-follow':
      case 'prunable':
      case 'output':
      case 'evidence':
      case 'findings':
      case 'measured':
      case 'acknowledged':
      case 'backed-up':
      case 'progress':
      case 'host-finished':
      case 'summary':
        break;
    }
  };

  return {
    sink,
    progress,
    notice: (text) => {
      noticed = text;
    },
    finish: async () => {
      if (!listed) return;
      ended = true;
      draw();
      gates.of('connected').open();
      gates.of('end').open();
      for (const name of progress.phases.keys()) openPhase(name);
      await listed;
      if (broken !== undefined)
        stderr.write(`osha: the display failed, the run did not: ${String(broken)}\n`);
    },
    abandon: (words) => {
      // While listr2 draws the list, it holds back other output.
      if (listed) output.toStdout(`\u001b[?25h${words === undefined ? '' : `\n${forTerminal(words)}`}`);
      else if (words !== undefined) stderr.write(`${words}\n`);
    },
  };
}

function isAlone(wave: readonly string[]): wave is readonly [string] {
  return wave.length === 1;
}

function stepAt(progress: Progress, phase: string, index: number): StepProgress | undefined {
  return [...phaseOf(progress, phase).steps.values()][index];
}

function indexOf(progress: Progress, phase: string, step: string): number {
  return [...phaseOf(progress, phase).steps.keys()].indexOf(step);
}

/** Fills all lines below a step: listr2 keeps those that are not overwritten. */
function drawStep(task: Shown | undefined, step: StepView): void {
  if (!task) return;
  task.title = drawn(step.title);
  for (let line = 0; line <= MOST_HOST_LINES; line += 1)
    task.emit(ListrTaskEventType.OUTPUT, drawn(step.body[line] ?? ''));
}

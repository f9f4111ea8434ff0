import { ListrDefaultRendererLogLevels as Level, ProcessOutput, Spinner } from 'listr2';
import { forTerminal, type Colors, type GuardedOutput } from './output.ts';

/** A promise that is resolved from outside: tasks of listr2 wait for it while the runner works. */
class Gate {
  readonly passed: Promise<void>;
  #open: () => void = () => undefined;

  constructor() {
    this.passed = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }
}

/** Gates by name, created on first use. */
export class Gates {
  readonly #gates = new Map<string, Gate>();

  of(key: string): Gate {
    let gate = this.#gates.get(key);
    if (!gate) {
      gate = new Gate();
      this.#gates.set(key, gate);
    }
    return gate;
  }
}

/** Calls back before each frame, so that a burst of events is drawn once. */
export class FrameSpinner extends Spinner {
  readonly #beforeFrame: () => void;

  constructor(beforeFrame: () => void) {
    super();
    this.#beforeFrame = beforeFrame;
  }

  override spin(): void {
    super.spin();
    this.#beforeFrame();
  }
}

/** A line for listr2 to draw, guarded here because listr2 moves the cursor and so writes to the unguarded output. */
export function drawn(line: string): string {
  return forTerminal(line).replaceAll('\n', ' ').replaceAll('\t', ' ');
}

/** An output with the current size of the terminal: listr2 copies the size once. */
export class LiveOutput extends ProcessOutput {
  readonly #terminal: NodeJS.WriteStream;

  /** `stdout` is a terminal. */
  constructor(stdout: GuardedOutput, stderr: GuardedOutput) {
    const terminal = stdout.raw as NodeJS.WriteStream;
    super(terminal, stderr.raw as NodeJS.WriteStream);
    this.#terminal = terminal;
  }

  override get stdout(): NodeJS.WriteStream {
    const terminal = this.#terminal;
    return Object.defineProperties(super.stdout, {
      columns: { get: () => terminal.columns },
      rows: { get: () => terminal.rows },
    });
  }
}

/** The colours of listr2's icons. */
export function palette(colors: Colors): Partial<Record<Level, (text?: string) => string>> {
  const styles: Partial<Record<Level, (text: string) => string>> = {
    [Level.SKIPPED_WITH_COLLAPSE]: colors.faint,
    [Level.SKIPPED_WITHOUT_COLLAPSE]: colors.faint,
    [Level.PENDING]: colors.changed,
    [Level.COMPLETED]: colors.good,
    [Level.COMPLETED_WITH_FAILED_SUBTASKS]: colors.bad,
    [Level.COMPLETED_WITH_FAILED_SISTER_TASKS]: colors.bad,
    [Level.FAILED]: colors.bad,
    [Level.FAILED_WITH_FAILED_SUBTASKS]: colors.bad,
    [Level.WAITING]: colors.faint,
    [Level.OUTPUT]: colors.faint,
  };
  return Object.fromEntries(
    Object.entries(styles).map(([level, style]) => [
      level,
      (text?: string) => forTerminal(style(text ?? '')),
    ]),
  );
}

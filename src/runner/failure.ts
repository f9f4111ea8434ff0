import { OshaError } from '../text/error.ts';
import type { StepFailure } from './events.ts';
import { lastLines } from './lines.ts';

/** How many of a failed command's last lines are shown; the whole output is in the run's log. */
const SHOWN_LINES = 12;

/** A change that did not do what it was for. */
export class ChangeFailed extends OshaError {
  override name = 'ChangeFailed';

  /** `output` is what it printed. */
  constructor(message: string, output: string) {
    super(message, { output });
  }
}

/** A check that did not become healthy in time. */
export class NotHealthy extends ChangeFailed {
  override name = 'NotHealthy';
  /** Hosts that its findings are about; none where they are about the cluster as a whole. */
  readonly hosts: readonly string[];

  constructor(message: string, output: string, hosts: readonly string[]) {
    super(message, output);
    this.hosts = hosts;
  }
}

/** A decision not to act: exit code 5. */
export class Refusal extends OshaError {
  override name = 'Refusal';

  constructor(message: string, hint: string) {
    super(message, { hint, exitCode: 5 });
  }
}

/** An error of a step as the user sees it, or `undefined` for one that is a defect of osha itself. */
export function failureOf(error: unknown): StepFailure | undefined {
  if (!(error instanceof OshaError)) return undefined;
  const { message, hint, output } = error;
  return {
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(output === undefined ? {} : { output: lastLines(output, SHOWN_LINES) }),
  };
}

import { OshaError } from '../text/error.ts';
import type { StepFailure } from './events.ts';
import { lastLines } from './lines.ts';

/** Last lines of a failed command that are shown; the run's log has its whole output. */
const SHOWN_LINES = 12;

/** A change that failed or had no effect. */
export class ChangeFailed extends OshaError {
  override name = 'ChangeFailed';

  /** `output` is what the command printed. */
  constructor(message: string, output: string) {
    super(message, { output });
  }
}

/** A check that did not become healthy in time. */
export class NotHealthy extends ChangeFailed {
  override name = 'NotHealthy';
  /** Hosts with unhealthy findings; none where the findings concern the cluster as a whole. */
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

/** The failure to show for an error of a step, or `undefined` for a defect of osha. */
export function failureOf(error: unknown): StepFailure | undefined {
  if (!(error instanceof OshaError)) return undefined;
  const { message, hint, output } = error;
  return {
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(output === undefined ? {} : { output: lastLines(output, SHOWN_LINES) }),
  };
}

import { PlaybookFault } from '../playbook/fault.ts';
import { AccessRefused, ProbeError } from '../playbook/operation.ts';
import { ConnectionDropped, ScriptTimeout } from '../transport/errors.ts';
import type { StepFailure } from './events.ts';
import { lastLines } from './lines.ts';

/** How many of a failed command's last lines are shown; the whole output is in the run's log. */
const SHOWN_LINES = 12;

/** A change that did not do what it was for. */
export class ChangeFailed extends Error {
  override name = 'ChangeFailed';
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
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
export class Refusal extends Error {
  override name = 'Refusal';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** An error of a step as the user sees it, or `undefined` for one that is a defect of osha itself. */
export function failureOf(error: unknown): StepFailure | undefined {
  if (error instanceof ChangeFailed)
    return { message: error.message, output: lastLines(error.output, SHOWN_LINES) };
  if (error instanceof Refusal) return { message: error.message, hint: error.hint };
  if (error instanceof ScriptTimeout) {
    return {
      message: error.message,
      hint: 'set a longer limit: --timeout SECONDS',
      output: lastLines(error.stderr || error.stdout, SHOWN_LINES),
    };
  }
  if (error instanceof ConnectionDropped) {
    return {
      message: `the connection dropped: ${error.message}`,
      hint: 'run the same command again: completed changes are kept',
    };
  }
  if (error instanceof AccessRefused) return { message: error.message, hint: error.hint };
  if (error instanceof PlaybookFault) return { message: error.message, hint: error.problem.hint };
  if (error instanceof ProbeError) {
    return { message: `unexpected probe output: ${error.message}` };
  }
  return undefined;
}

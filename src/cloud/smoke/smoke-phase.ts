import type { EventSink, StepFailure } from '../../runner/events.ts';
import { LocalPhase } from '../../runner/local-phase.ts';
import { ConnectionDropped, ScriptTimeout } from '../../transport/errors.ts';
import { CloudUnreachable } from '../errors.ts';

export type { Reports, Seen } from '../../runner/local-phase.ts';

/** The steps of a smoke test, in order. */
export const STEPS = {
  login: 'Log in and read the catalogue',
  image: 'Upload an image and download it',
  network: 'Create a network, a subnet and a router',
  access: 'Create a security group and a keypair',
  volume: 'Create a volume type',
  guest: 'Create a guest image',
  server: 'Boot a server',
  console: 'Read its console',
  floating: 'Reach it from outside',
  cleanup: 'Remove everything',
} as const;

export type SmokeStep = keyof typeof STEPS;

/** A round of the smoke test as a phase of a run. */
export class SmokePhase extends LocalPhase<SmokeStep> {
  #isUnreachable = false;

  constructor(
    phase: { readonly name: string; readonly title: string; readonly steps: readonly SmokeStep[] },
    emit: EventSink,
    signal: AbortSignal,
  ) {
    const steps = Object.fromEntries(phase.steps.map((step) => [step, STEPS[step]]));
    super({ ...phase, steps, always: ['cleanup'] }, emit, signal);
  }

  /** True where neither this machine nor a host reaches the cloud. */
  get isUnreachable(): boolean {
    return this.#isUnreachable;
  }

  protected override shownFailure(error: unknown, failure: StepFailure): StepFailure {
    this.#isUnreachable ||= error instanceof CloudUnreachable;
    return withoutDeploymentHint(error, failure);
  }
}

/** The hints of these are about resuming a deployment and its --timeout. */
function withoutDeploymentHint(error: unknown, failure: StepFailure): StepFailure {
  if (!(error instanceof ConnectionDropped || error instanceof ScriptTimeout)) return failure;
  const { message, output } = failure;
  return { message, ...(output === undefined ? {} : { output }) };
}

import type { Plan } from '../planner/plan.ts';
import type { Prunable, RunEvent } from '../runner/events.ts';
import type { Deployment } from './deployment.ts';
import { UserError } from './errors.ts';
import { prepareRun, type ExecuteOptions } from './execute.ts';
import { interruption } from './interruption.ts';
import { EXIT } from './io.ts';
import type { Cli } from './register.ts';

/** What was found on the hosts before a run that can remove or lose something. */
export interface Survey {
  /** What `--prune` would remove, as far as that can be told before the run. */
  readonly prunable: readonly Prunable[];
  /** The same, fit to be shown. */
  readonly shown: readonly Prunable[];
  /** What the decisions about whole clusters rest on. */
  readonly evidence: readonly Extract<RunEvent, { event: 'evidence' }>[];
}

/**
 * Observes what a plan would remove, and changes nothing. Where a host cannot be asked, or the run would be refused, that
 * is left to the run to tell. Throws `UserError` with 130 where it was interrupted.
 */
export async function surveyPlan(
  cli: Cli,
  plan: Plan,
  deployment: Deployment,
  options: ExecuteOptions,
): Promise<Survey> {
  const [{ runPlan }, { admissionOf }] = await Promise.all([
    import('../runner/run-plan.ts'),
    import('./admission.ts'),
  ]);
  const { settings, screen } = await prepareRun(cli, plan, deployment, options);
  const notice = (text: string): void => void cli.io.stderr.write(`${text}\n`);
  const prunable: Extract<RunEvent, { event: 'prunable' }>[] = [];
  const evidence: Extract<RunEvent, { event: 'evidence' }>[] = [];
  notice('Checking what would be removed or lost; nothing is changed yet.');
  const stop = interruption(cli.io, notice);
  try {
    await runPlan(plan, {
      ...settings,
      mode: 'diff',
      prune: false,
      lockOwner: '',
      admission: admissionOf(deployment, { notice }),
      signal: stop.signal,
      emit: (event) => {
        if (event.event === 'prunable') prunable.push(event);
        else if (event.event === 'evidence') evidence.push(screen(event));
      },
    });
  } finally {
    stop.release();
  }
  if (stop.asked()) throw new UserError('interrupted', { exitCode: EXIT.interrupted });
  return { prunable, shown: prunable.map(screen), evidence };
}

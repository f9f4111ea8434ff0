import type { Purpose } from '../planner/purpose.ts';
import { byPresentNames, SelectionError } from '../planner/selection.ts';
import { loadDeployment } from './deployment.ts';
import { exitCodeOf } from './io.ts';
import type { ConnectionOptions, OutputOptions } from './options.ts';
import { printPlan } from './print-plan.ts';
import type { Cli } from './register.ts';

export interface RollingOptions extends OutputOptions, ConnectionOptions {
  /** Only print the steps. */
  readonly dryRun?: true;
  /** Only show what would be done. */
  readonly diff?: true;
}

/** A change of running systems on one host at a time. */
export interface Rolling {
  readonly file: string;
  /** Names of phases; empty for all. */
  readonly phases: readonly string[];
  readonly purpose: Purpose;
  /** What is asked of a phase, for the message about one that has nothing of the kind: "restarted". */
  readonly asked: string;
}

/** Carries it out, or only shows it. Returns the exit code. */
export async function roll(cli: Cli, rolling: Rolling, options: RollingOptions): Promise<number> {
  const { file, phases, purpose, asked } = rolling;
  const deployment = await loadDeployment(cli.io, file, { json: options.json ?? false, secrets: 'read' });
  const { createPlan } = await import('../planner/plan.ts');
  const selection = byPresentNames(phases.length > 0 ? { only: phases } : {}, deployment.playbooks);
  const plan = createPlan({ ...deployment, selection, purpose });
  const idle = (selection.only ?? []).filter((name) => !plan.phases.some((phase) => phase.name === name));
  if (idle.length > 0) {
    throw new SelectionError(`${idle.join(', ')} has nothing that could be ${asked}`, 'name other phases');
  }
  if (options.dryRun) return printPlan(cli, plan, { ...options, resumable: false });
  const [{ executePlan }, { passwordsFor }] = await Promise.all([
    import('./execute.ts'),
    import('./access.ts'),
  ]);
  const run = { ...options, passwords: await passwordsFor(cli.io, options), prune: false };
  const mode = options.diff ? 'diff' : 'apply';
  return exitCodeOf(await executePlan(cli, plan, deployment, { ...run, mode }));
}

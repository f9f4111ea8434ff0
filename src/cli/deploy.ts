import type { Plan } from '../planner/plan.ts';
import { beside } from '../planner/waves.ts';
import type { Playbook } from '../playbook/playbook.ts';
import { loadDeployment } from './deployment.ts';
import { exitCodeOf } from './exit-code.ts';
import { EXIT } from './io.ts';
import {
  playbookOptionsOf,
  selectionOf,
  type ConnectionOptions,
  type OutputOptions,
  type PlaybookOptions,
  type SelectionOptions,
} from './options.ts';
import { drawing, printJson } from './presentation.ts';
import type { Cli } from './register.ts';
import { plainSummary } from './summary.ts';

export interface DeployRequest extends OutputOptions, ConnectionOptions, SelectionOptions, PlaybookOptions {
  readonly mode: 'plan' | 'diff' | 'apply';
  /** Also take away what osha made and the inventory does not name any more. */
  readonly prune?: true;
  /** With `diff`: 3 when changes are pending. */
  readonly exitCode?: true;
  /** The user's own playbooks, which are then all that is run. */
  readonly own?: readonly Playbook[];
}

/** Plans, compares or deploys an inventory. Returns the exit code. */
export async function deploy(cli: Cli, file: string, request: DeployRequest): Promise<number> {
  const { own, mode } = request;
  const deployment = await loadDeployment(cli.io, file, {
    json: request.json ?? false,
    secrets: mode === 'plan' ? 'shown' : 'read',
    ...(own ? { own } : {}),
  });
  const { createPlan } = await import('../planner/plan.ts');
  const selection = selectionOf(request);
  const plan = createPlan({
    ...deployment,
    selection: own ? { only: own.map((playbook) => playbook.name), ...selection } : selection,
    options: playbookOptionsOf(request),
  });
  if (mode === 'plan') return print(cli, plan, request);
  const { executePlan } = await import('./execute.ts');
  const summary = await executePlan(cli, plan, deployment, { ...request, mode, own: own ?? [] });
  return exitCodeOf(summary, { pendingIsError: request.exitCode ?? false });
}

async function print(cli: Cli, plan: Plan, options: OutputOptions): Promise<number> {
  if (options.json) {
    printJson(cli.io, planLines(plan));
    return EXIT.ok;
  }
  const { planTable } = await import('../render/plan.ts');
  const drawn = await drawing(cli.io, options);
  cli.io.stdout.write(`${planTable(plan, { ...drawn, ids: options.verbose ?? false })}\n`);
  return EXIT.ok;
}

function planLines(plan: Plan): readonly object[] {
  return [
    ...plan.phases.map((phase) => ({
      event: 'phase',
      phase: phase.name,
      title: phase.title,
      needs: phase.needs,
      sideBySideWith: beside(plan.waves, phase.name).map((other) => other.name),
      hosts: phase.hosts.map((host) => host.name),
      steps: phase.steps.map((step) => ({
        step: step.id,
        title: step.step.title,
        strategy: step.strategy,
        hosts: step.hosts.map((host) => host.name),
      })),
    })),
    plainSummary(plan.hosts.map((host) => ({ host: host.name }))),
  ];
}

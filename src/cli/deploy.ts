import type { Plan } from '../planner/plan.ts';
import type { Prunable } from '../runner/events.ts';
import { confirmer, type Confirm } from './consent.ts';
import { loadDeployment, type Deployment } from './deployment.ts';
import type { ExecuteOptions } from './execute.ts';
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
import { othersInWave } from '../planner/order.ts';

export interface DeployRequest extends OutputOptions, ConnectionOptions, SelectionOptions, PlaybookOptions {
  readonly mode: 'plan' | 'diff' | 'apply';
  /** Also take away what osha made and the inventory does not name any more. */
  readonly prune?: true;
  /** Ask nothing: whatever can be removed or lost is confirmed. */
  readonly yes?: true | undefined;
  /** With `diff`: 3 when changes are pending. */
  readonly exitCode?: true;
  /** A file of the user's own playbooks, which are then all that is run. */
  readonly run?: string;
}

/** Plans, compares or deploys an inventory. Returns the exit code. */
export async function deploy(cli: Cli, file: string, request: DeployRequest): Promise<number> {
  const { run, mode } = request;
  const deployment = await loadDeployment(cli.io, file, {
    json: request.json ?? false,
    secrets: mode === 'plan' ? 'shown' : 'read',
    run,
  });
  const { createPlan } = await import('../planner/plan.ts');
  const plan = createPlan({
    ...deployment,
    selection: selectionOf(request),
    options: playbookOptionsOf(request),
  });
  if (mode === 'plan') return print(cli, plan, request);
  const [{ executePlan }, { passwordsFor }] = await Promise.all([
    import('./execute.ts'),
    import('./access.ts'),
  ]);
  const risks = mode === 'apply' && !request.yes ? risksOf(plan, request) : [];
  const confirm = risks.length > 0 ? confirmer(cli, risks.join(' with ')) : undefined;
  const options = { ...request, mode, passwords: await passwordsFor(cli.io, request) };
  const prune = confirm
    ? await confirmed(cli, plan, deployment, { ...options, confirm })
    : (request.prune ?? false);
  const summary = await executePlan(cli, plan, deployment, { ...options, prune });
  return exitCodeOf(summary, { pendingIsError: request.exitCode ?? false });
}

/** The options that can lose data or availability. */
function risksOf(plan: Plan, request: DeployRequest): readonly string[] {
  return [...(request.prune ? ['--prune'] : []), ...plan.losses.map(({ option }) => option)];
}

/**
 * Observes what the run would remove and may lose, and has it confirmed. Returns what may be removed: what turns up only
 * in the run itself is told, and stays.
 */
async function confirmed(
  cli: Cli,
  plan: Plan,
  deployment: Deployment,
  options: ExecuteOptions & Pick<DeployRequest, 'prune'> & { readonly confirm: Confirm },
): Promise<readonly Prunable[]> {
  const [{ surveyPlan }, { atStake }] = await Promise.all([
    import('./survey.ts'),
    import('../render/at-stake.ts'),
  ]);
  const { prunable, shown, evidence } = await surveyPlan(cli, plan, deployment, options);
  const removed = options.prune ? shown : [];
  const text = atStake({ prunable: removed, losses: plan.losses, evidence }, await drawing(cli.io, options));
  if (text !== undefined) await options.confirm(text);
  return options.prune ? prunable : [];
}

async function print(cli: Cli, plan: Plan, options: OutputOptions): Promise<number> {
  if (options.json) {
    printJson(cli.io, planLines(plan));
    return EXIT.ok;
  }
  const { planTable } = await import('../render/plan.ts');
  const drawn = await drawing(cli.io, options);
  cli.io.stdout.write(`${planTable(plan, drawn)}\n`);
  return EXIT.ok;
}

function planLines(plan: Plan): readonly object[] {
  return [
    ...plan.phases.map((phase) => ({
      event: 'phase',
      phase: phase.name,
      title: phase.title,
      needs: phase.needs,
      sideBySideWith: othersInWave(plan.waves, phase.name).map((other) => other.name),
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

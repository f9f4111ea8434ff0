import { othersInWave } from '../planner/order.ts';
import type { Plan } from '../planner/plan.ts';
import { EXIT } from './io.ts';
import type { OutputOptions } from './options.ts';
import { plainSummary, printJson, tableOptions } from './presentation.ts';
import type { Cli } from './register.ts';

/** Prints a plan: its phases, and the hosts and strategy of each step, and if `resumable` the argument for `--from`. Returns the exit code. */
export async function printPlan(
  cli: Cli,
  plan: Plan,
  options: OutputOptions & { readonly resumable?: boolean },
): Promise<number> {
  if (options.json) {
    printJson(cli.io, planLines(plan));
    return EXIT.ok;
  }
  const { planTable } = await import('../render/plan.ts');
  const drawn = tableOptions(cli.io, options);
  cli.io.stdout.write(`${planTable(plan, { ...drawn, resumable: options.resumable ?? true })}\n`);
  return EXIT.ok;
}

function planLines(plan: Plan): readonly object[] {
  return [
    ...plan.phases.map((phase) => ({
      event: 'phase',
      phase: phase.name,
      title: phase.title,
      needs: phase.needs,
      parallelWith: othersInWave(plan.waves, phase.name).map((other) => other.name),
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

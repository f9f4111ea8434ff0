import { Option } from 'commander';
import { byPresentNames, SelectionError } from '../../planner/selection.ts';
import { loadDeployment } from '../deployment.ts';
import { exitCodeOf } from '../io.ts';
import {
  withConnections,
  withOutput,
  wholeSeconds,
  type ConnectionOptions,
  type OutputOptions,
} from '../options.ts';
import { printPlan } from '../print-plan.ts';
import { exiting, type Cli, type Register } from '../register.ts';

interface RestartOptions extends OutputOptions, ConnectionOptions {
  /** Only print the steps. */
  readonly dryRun?: true;
  /** Seconds. */
  readonly olderThan?: number;
}

export const registerRestart: Register = (program, cli) => {
  const command = program
    .command('restart')
    .summary('restart systems on one host at a time')
    .description(
      'Restarts everything that a phase runs, on one host at a time. Before each host, asks whether the system can spare it; ' +
        'after it, waits until the system is healthy as a whole. Stops at the first doubt (exit 5), with all other hosts ' +
        'running. A system on one host alone is interrupted.\n\n' +
        'Changes no configuration and starts nothing that is down. After an interruption, --older-than leaves out what has been ' +
        'restarted already.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .argument('<phases...>', 'the names of phases, such as galera')
    .addOption(
      new Option(
        '--older-than <seconds>',
        'leave alone what was started within this time before the command',
      ).argParser(wholeSeconds),
    )
    .option('--dry-run', 'only print the steps, without connecting')
    .addHelpText(
      'after',
      '\nExamples:\n  osha restart inventory/lab.yaml galera\n  osha restart inventory/lab.yaml rabbitmq memcached --dry-run\n' +
        '  osha restart inventory/lab.yaml nova --older-than 600',
    );
  withOutput(withConnections(command)).action(
    exiting(cli, (file: string, phases: readonly string[], options: RestartOptions) =>
      restart(cli, file, phases, options),
    ),
  );
};

/** Restarts phases, or prints the steps. Returns the exit code. */
async function restart(
  cli: Cli,
  file: string,
  phases: readonly string[],
  options: RestartOptions,
): Promise<number> {
  const begun = performance.now();
  const deployment = await loadDeployment(cli.io, file, { json: options.json ?? false, secrets: 'read' });
  const { createPlan } = await import('../../planner/plan.ts');
  const selection = byPresentNames({ only: phases }, deployment.playbooks);
  const youngerThanSeconds = (): number => (performance.now() - begun) / 1000 + (options.olderThan ?? 0);
  const plan = createPlan({ ...deployment, selection, purpose: { kind: 'restart', youngerThanSeconds } });
  const idle = (selection.only ?? []).filter((name) => !plan.phases.some((phase) => phase.name === name));
  if (idle.length > 0) {
    throw new SelectionError(`${idle.join(', ')} runs nothing that could be restarted`, 'name other phases');
  }
  if (options.dryRun) return printPlan(cli, plan, { ...options, resumable: false });
  const [{ executePlan }, { passwordsFor }] = await Promise.all([
    import('../execute.ts'),
    import('../access.ts'),
  ]);
  const run = { ...options, passwords: await passwordsFor(cli.io, options), prune: false };
  return exitCodeOf(await executePlan(cli, plan, deployment, { ...run, mode: 'apply' }));
}

import { quote } from '../../operations/shell.ts';
import type { Plan } from '../../planner/plan.ts';
import { byPresentNames, SelectionError } from '../../planner/selection.ts';
import type { RunSummary } from '../../runner/run-plan.ts';
import { loadDeployment } from '../deployment.ts';
import { exitCodeOf } from '../io.ts';
import {
  playbookOptionsOf,
  selectionOf,
  withConnections,
  withConsent,
  withLimit,
  withOutput,
  withPlaybookOptions,
  type ConnectionOptions,
  type ConsentOptions,
  type OutputOptions,
  type PlaybookOptions,
  type SelectionOptions,
} from '../options.ts';
import { exiting, type Cli, type Register } from '../register.ts';

interface RecoverOptions
  extends OutputOptions, ConnectionOptions, PlaybookOptions, ConsentOptions, Pick<SelectionOptions, 'limit'> {
  /** Only show what would be done. */
  readonly diff?: true;
}

export const registerRecover: Register = (program, cli) => {
  const command = program
    .command('recover')
    .summary('start everything again after an outage')
    .description(
      'Probes every member of every system, shows the evidence and what it would do, asks, then starts, forms and heals what ' +
        'is down, in the order of a deployment, and verifies it. Writes no configuration and installs nothing. Where the ' +
        'evidence is not sufficient to act without losing data, that system is refused (exit 5) with what is missing; ' +
        'independent systems are recovered.\n\n' +
        'With systems, recovers only these: the names of phases, such as galera.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .argument('[systems...]', 'the systems to recover; default: all')
    .option('--diff', 'only show the evidence and what would be done')
    .addHelpText(
      'after',
      '\nExamples:\n  osha recover inventory/lab.yaml\n  osha recover inventory/lab.yaml galera rabbitmq --diff\n' +
        '  osha recover inventory/lab.yaml galera --bootstrap-from controller1 --yes',
    );
  withOutput(withConnections(withLimit(withConsent(withPlaybookOptions(command))))).action(
    exiting(cli, (file: string, systems: readonly string[], options: RecoverOptions) =>
      recover(cli, file, systems, options),
    ),
  );
};

/** Shows what a recovery would do, asks, and does it. Returns the exit code. */
async function recover(
  cli: Cli,
  file: string,
  systems: readonly string[],
  options: RecoverOptions,
): Promise<number> {
  const deployment = await loadDeployment(cli.io, file, { json: options.json ?? false, secrets: 'read' });
  const [{ createPlan }, { executePlan }, { passwordsFor }, { confirmer }] = await Promise.all([
    import('../../planner/plan.ts'),
    import('../execute.ts'),
    import('../access.ts'),
    import('../ask.ts'),
  ]);
  const named = systems.length > 0 ? { only: systems } : {};
  const selection = byPresentNames({ ...selectionOf(options), ...named }, deployment.playbooks);
  const plan = createPlan({
    ...deployment,
    selection,
    options: playbookOptionsOf(options),
    purpose: { kind: 'recover' },
  });
  demandWork(plan, selection.only ?? [], file);
  const confirm = options.diff || options.yes ? undefined : confirmer(cli, 'recover');
  const run = { ...options, passwords: await passwordsFor(cli.io, options), prune: false };
  if (options.diff || confirm) {
    const found = await executePlan(cli, plan, deployment, { ...run, mode: 'diff' });
    if (!confirm || !isWorthwhile(found)) return exitCodeOf(found);
    await confirm(questionFor(plan, found));
  }
  return exitCodeOf(await executePlan(cli, plan, deployment, { ...run, mode: 'apply' }));
}

/** Throws `SelectionError` for a system that has nothing to recover, such as one that only writes files. */
function demandWork(plan: Plan, systems: readonly string[], file: string): void {
  const idle = systems.filter((name) => !plan.phases.some((phase) => phase.name === name));
  if (idle.length === 0) return;
  throw new SelectionError(
    `${idle.join(', ')} runs nothing that could be recovered`,
    `deploy instead: osha deploy ${quote(file)} --only ${idle.join(',')}`,
  );
}

/** Whether anything is left to do after the survey: changes, or steps that depend on them. */
function isWorthwhile({ changes, unknown, interrupted }: RunSummary): boolean {
  return !interrupted && changes + unknown > 0;
}

function questionFor(plan: Plan, { refused }: RunSummary): string {
  const losses = plan.losses.map(({ text }) => `May be lost: ${text}\n`);
  const rest = refused === undefined ? '' : 'What is refused above stays as it is.\n';
  return `${losses.join('')}${rest}The changes above are made now, each after another look at the hosts.\n`;
}

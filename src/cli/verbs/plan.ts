import { Option } from 'commander';
import type { ConnectionOptions, OutputOptions, PlaybookOptions, SelectionOptions } from '../options.ts';
import { PRUNE, withConnections, withOutput, withPlaybookOptions, withSelection } from '../options.ts';
import { exiting, type Register } from '../register.ts';

interface PlanOptions extends OutputOptions, ConnectionOptions, SelectionOptions, PlaybookOptions {
  readonly diff?: true;
  readonly prune?: true;
  readonly exitCode?: true;
}

export const register: Register = (program, cli) => {
  const command = program
    .command('plan')
    .summary('show what a deployment would do')
    .description(
      'Prints the phases, their steps, and for each step its hosts and strategy, without connecting to any host. ' +
        'With --diff, connects and prints what would change, without writing to any host. ' +
        'Exits 1 where something is unhealthy and no pending change may mend it. ' +
        'The same as deploy --dry-run.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--diff', 'connect and show what would change, without changing anything')
    .option('--prune', PRUNE)
    .addOption(
      new Option('--exit-code', 'with --diff: exit 3 when changes are pending').implies({ diff: true }),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  osha plan inventory/lab.yaml\n  osha plan inventory/lab.yaml --only galera,haproxy\n' +
        '  osha plan inventory/lab.yaml --diff --exit-code',
    );
  withOutput(withConnections(withSelection(withPlaybookOptions(command)))).action(
    exiting(cli, async (inventory: string, options: PlanOptions) => {
      const { deploy } = await import('../deploy.ts');
      return deploy(cli, inventory, { ...options, mode: options.diff ? 'diff' : 'plan' });
    }),
  );
};

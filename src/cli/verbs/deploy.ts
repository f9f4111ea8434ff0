import { Option } from 'commander';
import type {
  ConnectionOptions,
  ConsentOptions,
  OutputOptions,
  PlaybookOptions,
  SelectionOptions,
} from '../options.ts';
import {
  PRUNE,
  withConnections,
  withConsent,
  withOutput,
  withPlaybookOptions,
  withSelection,
} from '../options.ts';
import { exiting, type Register } from '../register.ts';

interface DeployOptions
  extends OutputOptions, ConnectionOptions, SelectionOptions, PlaybookOptions, ConsentOptions {
  readonly dryRun?: true;
  readonly diff?: true;
  readonly prune?: true;
  readonly exitCode?: true;
}

export const register: Register = (program, cli) => {
  const command = program
    .command('deploy')
    .summary('make the hosts what the inventory says')
    .description(
      'Brings every host to what the inventory says, phase by phase, and proves it. What is already so is left alone: ' +
        'a second deployment changes nothing, and one that was interrupted goes on where it has to. ' +
        'What can lose data or availability (--prune, --bootstrap-from) is shown and has to be confirmed first. ' +
        'Secrets that are missing are generated and written beside the inventory; where the hosts carry them already, ' +
        'or carry others than this folder has, nothing is done.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--dry-run', 'only print the plan; connect to nothing')
    .option('--diff', 'connect, read, and show what would change; change nothing')
    .option('--prune', PRUNE)
    .addOption(
      new Option('--exit-code', 'with --diff: exit with 3 when changes are pending').implies({ diff: true }),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  osha deploy inventory/lab.yaml\n  osha deploy inventory/lab.yaml --only rabbitmq --limit controller2\n' +
        '  osha deploy inventory/lab.yaml --from galera:form-the-cluster\n' +
        '  osha deploy inventory/lab.yaml --bootstrap-from controller1\n' +
        '  osha deploy inventory/lab.yaml --json | tail -1',
    );
  withOutput(withConnections(withSelection(withConsent(withPlaybookOptions(command))))).action(
    exiting(cli, async (inventory: string, options: DeployOptions) => {
      const { deploy } = await import('../deploy.ts');
      return deploy(cli, inventory, {
        ...options,
        mode: options.diff ? 'diff' : options.dryRun ? 'plan' : 'apply',
      });
    }),
  );
};

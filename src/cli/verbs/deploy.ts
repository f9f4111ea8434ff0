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
    .summary('deploy everything the inventory describes')
    .description(
      'Brings every host to the state that the inventory describes, phase by phase, and verifies it. What is already in ' +
        'place stays untouched: a second deployment changes nothing, and an interrupted one resumes where it stopped. ' +
        'What can lose data or availability (--prune, --bootstrap-from) is shown first and has to be confirmed. ' +
        'Generates missing secrets and writes them next to the inventory. Refuses to run where the hosts have secrets ' +
        'that this folder lacks, or different ones.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--dry-run', 'only print the plan, without connecting')
    .option('--diff', 'connect and show what would change, without changing anything')
    .option('--prune', PRUNE)
    .addOption(
      new Option('--exit-code', 'with --diff: exit 3 when changes are pending').implies({ diff: true }),
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

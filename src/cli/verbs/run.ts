import { Option } from 'commander';
import type { ConnectionOptions, ConsentOptions, OutputOptions, SelectionOptions } from '../options.ts';
import { PRUNE, withConnections, withConsent, withOutput, withSelection } from '../options.ts';
import { exiting, type Register } from '../register.ts';

interface RunOptions extends OutputOptions, ConnectionOptions, SelectionOptions, ConsentOptions {
  readonly dryRun?: true;
  readonly diff?: true;
  readonly prune?: true;
  readonly exitCode?: true;
}

export const register: Register = (program, cli) => {
  const command = program
    .command('run')
    .summary('run your own playbook')
    .description(
      'Runs the playbook, or the list of playbooks, that a TypeScript file exports by default, and nothing else, with the ' +
        "same engine and the same options as deploy. The file imports from 'osha' (and from 'zod'), wherever it is. Its " +
        "settings are in the inventory, under the playbook's name.\n\n" +
        'An inventory that has such settings names the file, so that every command knows them: playbooks: [./motd.ts]. ' +
        'Then deploy, plan and status include the playbook as well.',
    )
    .argument('<playbook>', 'a .ts or .js file whose default export is a playbook')
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--dry-run', 'only print the plan, without connecting')
    .option('--diff', 'connect and show what would change, without changing anything')
    .option('--prune', PRUNE)
    .addOption(
      new Option('--exit-code', 'with --diff: exit 3 when changes are pending').implies({ diff: true }),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  osha run motd.ts inventory/lab.yaml --diff\n  osha run motd.ts inventory/lab.yaml --limit controller1',
    );
  withOutput(withConnections(withSelection(withConsent(command)))).action(
    exiting(cli, async (playbook: string, inventory: string, options: RunOptions) => {
      const { deploy } = await import('../deploy.ts');
      return deploy(cli, inventory, {
        ...options,
        run: playbook,
        mode: options.diff ? 'diff' : options.dryRun ? 'plan' : 'apply',
      });
    }),
  );
};

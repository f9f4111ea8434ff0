import { EXIT } from '../io.ts';
import { withOutput, type OutputOptions } from '../options.ts';
import { printJson } from '../presentation.ts';
import { exiting, type Register } from '../register.ts';

export const registerValidate: Register = (program, cli) => {
  withOutput(program.command('validate'))
    .summary('find every mistake in an inventory')
    .description(
      'Checks an inventory and its secrets, and prints every mistake at once: file:line:column, what is wrong, and what ' +
        'to write instead. Warnings do not make it invalid. Connects to nothing and writes nothing.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .addHelpText(
      'after',
      '\nExamples:\n  osha validate inventory/lab.yaml\n  osha validate prod/inventory.yaml --json',
    )
    .action(
      exiting(cli, async (file: string, options: OutputOptions) => {
        const { loadDeployment } = await import('../deployment.ts');
        const { inventory, missing } = await loadDeployment(cli.io, file, {
          json: options.json ?? false,
          secrets: 'shown',
        });
        if (options.json) {
          const { plainSummary } = await import('../presentation.ts');
          printJson(cli.io, [plainSummary(inventory.hosts.map(({ name }) => ({ host: name, ok: 1 })))]);
          return EXIT.ok;
        }
        const { count } = await import('../../render/text.ts');
        const size = `${count(inventory.hosts.length, 'host')}, ${count(inventory.vips.length, 'virtual IP')}`;
        const note = `${count(missing.length, 'secret')} missing: a deployment generates them`;
        cli.io.stdout.write(`${file}: valid (${size})\n${missing.length > 0 ? `${note}\n` : ''}`);
        return EXIT.ok;
      }),
    );
};

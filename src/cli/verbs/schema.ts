import { EXIT } from '../io.ts';
import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  program
    .command('schema')
    .summary('print the JSON Schema of an inventory')
    .description(
      'Prints the JSON Schema of an inventory, for editors: put it into a file, and name that in the first line of the ' +
        'inventory as "# yaml-language-server: $schema=FILE".',
    )
    .addHelpText('after', '\nExample:\n  osha schema > schema/inventory.json')
    .action(
      exiting(cli, async () => {
        const { schemaText } = await import('../schema.ts');
        cli.io.stdout.write(await schemaText());
        return EXIT.ok;
      }),
    );
};

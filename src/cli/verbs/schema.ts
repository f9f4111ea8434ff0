import type { Playbook } from '../../playbook/playbook.ts';
import { EXIT, type Io } from '../io.ts';
import { exiting, type Register } from '../register.ts';

export const registerSchema: Register = (program, cli) => {
  program
    .command('schema')
    .summary('print the JSON Schema of an inventory')
    .description(
      'Prints the JSON Schema of an inventory, for editors: save it to a file, and refer to that in the first line of the ' +
        'inventory: "# yaml-language-server: $schema=FILE". With an inventory, it includes the settings of the playbooks ' +
        'that the inventory names.',
    )
    .argument('[inventory]', 'an inventory that names playbooks of its own')
    .addHelpText(
      'after',
      '\nExamples:\n  osha schema > schema/inventory.json\n  osha schema prod/inventory.yaml > prod/inventory.schema.json',
    )
    .action(
      exiting(cli, async (file: string | undefined) => {
        cli.io.stdout.write(await schemaText(await playbooksOf(cli.io, file)));
        return EXIT.ok;
      }),
    );
};

/** The JSON Schema of any inventory, or of one with exactly the playbooks `own`. */
export async function schemaText(own?: readonly Playbook[]): Promise<string> {
  const [{ playbooks }, { inventoryJsonSchema }, { platformIds }] = await Promise.all([
    import('../../../playbooks/index.ts'),
    import('../../inventory/schema.ts'),
    import('../../platform/index.ts'),
  ]);
  const schema = inventoryJsonSchema(own ?? playbooks, platformIds, { complete: own !== undefined });
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

async function playbooksOf(io: Io, file: string | undefined): Promise<readonly Playbook[] | undefined> {
  if (file === undefined) return undefined;
  const { loadDeployment } = await import('../deployment.ts');
  return (await loadDeployment(io, file, { json: false, secrets: 'none', quiet: true })).playbooks;
}

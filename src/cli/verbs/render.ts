import { withLimit, withOutput, type OutputOptions } from '../options.ts';
import { exiting, type Register } from '../register.ts';

interface RenderCommandOptions extends OutputOptions {
  readonly out: string;
  readonly force?: true;
  readonly limit?: readonly string[];
}

export const register: Register = (program, cli) => {
  const command = program
    .command('render')
    .summary('write the files a deployment would place on the hosts')
    .description(
      'Writes every file that a deployment places on each host to DIR/HOST/PATH, with secrets masked. ' +
        'Leaves out what is only known on a host (such as the detected virtualization). Connects to nothing. A folder from an ' +
        'earlier run is replaced; any other folder has to be empty.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .requiredOption('--out <dir>', 'the folder to write to')
    .option('--force', 'write into a folder that contains other files, and keep those')
    .addHelpText(
      'after',
      '\nExamples:\n  osha render inventory/lab.yaml --out files\n  osha render inventory/lab.yaml --out after && diff -r files after',
    );
  withOutput(withLimit(command)).action(
    exiting(cli, async (file: string, options: RenderCommandOptions) => {
      const { render } = await import('../render.ts');
      return render(cli, file, options);
    }),
  );
};

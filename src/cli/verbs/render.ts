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
    .summary('write every file that osha would place, without connecting')
    .description(
      'Writes every file that a deployment places on each host to DIR/HOST/PATH, with a mask in place of each secret. ' +
        'Left out is what is only known on a host (how its servers run, where that is detected). Connects to nothing. A folder that osha made before is made anew; any other has to be empty.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .requiredOption('--out <dir>', 'the folder to write to')
    .option('--force', 'write into a folder that holds something else, and leave that alone')
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

import { EXIT } from '../io.ts';
import { withOutput, type OutputOptions } from '../options.ts';
import { drawing, printJson } from '../presentation.ts';
import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  withOutput(program.command('phases'))
    .summary('list the phases of a deployment')
    .description(
      'Lists the phases in the order in which they are deployed: the names that --only, --skip and --from take, and that ' +
        'settings have as their key in the inventory.',
    )
    .addHelpText('after', '\nExamples:\n  osha phases\n  osha phases --json')
    .action(
      exiting(cli, async (options: OutputOptions) => {
        const [{ playbooks }, { inOrder }, { inWords, listedPhases }] = await Promise.all([
          import('../../../playbooks/index.ts'),
          import('../../planner/order.ts'),
          import('../listed-phases.ts'),
        ]);
        const phases = listedPhases(inOrder(playbooks));
        if (options.json) {
          printJson(
            cli.io,
            phases.map((phase) => ({ event: 'phase', ...phase })),
          );
          return EXIT.ok;
        }
        const { table } = await import('../../render/table.ts');
        const rows = phases.map((phase) => [
          phase.phase,
          phase.title,
          phase.needs.join(', '),
          inWords(phase),
        ]);
        const columns = ['phase', 'what', 'needs', 'runs'].map((title) => ({ title }));
        cli.io.stdout.write(`${table(columns, rows, await drawing(cli.io, options))}\n`);
        return EXIT.ok;
      }),
    );
};

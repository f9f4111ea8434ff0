import type { Playbook } from '../../playbook/playbook.ts';
import { EXIT, type Io } from '../io.ts';
import { withOutput, type OutputOptions } from '../options.ts';
import { drawing, printJson } from '../presentation.ts';
import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  withOutput(program.command('phases'))
    .summary('list the phases of a deployment')
    .description(
      'Lists the phases in deployment order. Their names are what --only, --skip and --from take, and the keys of their ' +
        'settings in the inventory. With an inventory: its own phases, including those of the playbooks that it names.',
    )
    .argument('[inventory]', 'default: all that there can be')
    .addHelpText('after', '\nExamples:\n  osha phases\n  osha phases inventory/lab.yaml --json')
    .action(
      exiting(cli, async (file: string | undefined, options: OutputOptions) => {
        const [playbooks, { inOrder }, { inWords, listedPhases }] = await Promise.all([
          playbooksOf(cli.io, file),
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

async function playbooksOf(io: Io, file: string | undefined): Promise<readonly Playbook[]> {
  if (file === undefined) return (await import('../../../playbooks/index.ts')).playbooks;
  const { loadDeployment } = await import('../deployment.ts');
  const { playbooks, inventory } = await loadDeployment(io, file, {
    json: false,
    secrets: 'none',
    quiet: true,
  });
  return playbooks.filter((playbook) => playbook.hosts(inventory).length > 0);
}

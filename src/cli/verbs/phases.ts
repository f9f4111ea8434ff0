import { inOrder, inWaves, othersInWave } from '../../planner/order.ts';
import type { Playbook } from '../../playbook/playbook.ts';
import { EXIT, type Io } from '../io.ts';
import { withOutput, type OutputOptions } from '../options.ts';
import { printJson, tableOptions } from '../presentation.ts';
import { exiting, type Register } from '../register.ts';

export const registerPhases: Register = (program, cli) => {
  withOutput(program.command('phases'))
    .summary('list the phases of a deployment')
    .description(
      'Lists the phases in deployment order. Their names are what --only, --skip and --from take, and the keys of their ' +
        'settings in the inventory. With an inventory: its own phases, including those of the playbooks that it names.',
    )
    .argument('[inventory]', 'default: all built-in phases')
    .addHelpText('after', '\nExamples:\n  osha phases\n  osha phases inventory/lab.yaml --json')
    .action(
      exiting(cli, async (file: string | undefined, options: OutputOptions) => {
        const playbooks = await playbooksOf(cli.io, file);
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
          concurrencyOf(phase),
        ]);
        const columns = ['phase', 'what', 'needs', 'runs'].map((title) => ({ title }));
        cli.io.stdout.write(`${table(columns, rows, tableOptions(cli.io, options))}\n`);
        return EXIT.ok;
      }),
    );
};

/** A phase as `osha phases --json` prints it. */
interface ListedPhase {
  readonly phase: string;
  readonly title: string;
  readonly needs: readonly string[];
  /** The phases that it runs in parallel with, where the inventory has them all. */
  readonly parallelWith: readonly string[];
  /** True where it only runs when `--only` or `--from` names it. */
  readonly manual: boolean;
}

/** The phases of `playbooks`, which are in deployment order. Pure. */
export function listedPhases(playbooks: readonly Playbook[]): readonly ListedPhase[] {
  const waves = inWaves(
    playbooks.filter((playbook) => !playbook.manual),
    playbooks,
  );
  return playbooks.map(({ name, title, needs = [], manual = false }) => ({
    phase: name,
    title,
    needs,
    parallelWith: othersInWave(waves, name).map((other) => other.name),
    manual,
  }));
}

/** When a phase runs, unless it simply follows the one before it. */
export function concurrencyOf({ manual, parallelWith }: ListedPhase): string {
  if (manual) return 'only when named';
  return parallelWith.length > 0 ? `in parallel with ${parallelWith.join(', ')}` : '';
}

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

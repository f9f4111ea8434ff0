import type { RunRecord, RunState } from '../../journal/runs.ts';
import type { Cell, TableOptions } from '../../render/table.ts';
import { EXIT } from '../io.ts';
import { withOutput, type OutputOptions } from '../options.ts';
import { drawing, printJson } from '../presentation.ts';
import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  withOutput(program.command('history'))
    .summary('list past runs')
    .description(
      'Lists the runs recorded in .osha/runs next to an inventory, latest first; the last 200 are kept. ' +
        'A run that was killed, or whose summary could not be written to disk, is shown as interrupted.',
    )
    .argument('[inventory]', 'default: all inventories in this folder and its direct subfolders')
    .addHelpText(
      'after',
      '\nExamples:\n  osha history\n  osha history inventory/lab.yaml\n  osha history --json',
    )
    .action(
      exiting(cli, async (inventory: string | undefined, options: OutputOptions) => {
        const { recordedRuns } = await import('../recorded-runs.ts');
        const runs = await recordedRuns(cli.io, inventory);
        if (options.json) printJson(cli.io, runs.map(asJson));
        else cli.io.stdout.write(`${await asTable(runs, await drawing(cli.io, options))}\n`);
        return EXIT.ok;
      }),
    );
};

function asJson({ meta, state, summary, log }: RunRecord): object {
  return { event: 'run', ...meta, state, log, ...(summary ? { summary } : {}) };
}

async function asTable(runs: readonly RunRecord[], options: TableOptions): Promise<string> {
  if (runs.length === 0) return 'no runs are recorded here';
  const [{ table }, { duration }] = await Promise.all([
    import('../../render/table.ts'),
    import('../../render/text.ts'),
  ]);
  const styles: Readonly<Record<RunState, (text: string) => string>> = {
    ok: options.colors.good,
    failed: options.colors.bad,
    unreachable: options.colors.bad,
    refused: options.colors.bad,
    interrupted: options.colors.changed,
    running: options.colors.hint,
  };
  const rows = runs.map(({ id, state, summary, meta }): readonly Cell[] => [
    id,
    {
      text: summary?.unrecorded === undefined ? state : `${state}, record incomplete`,
      style: styles[state],
    },
    // Runs that were recorded before changes were counted one by one have no such count.
    String(summary?.changes ?? ''),
    summary ? String(summary.failed) : '',
    summary ? duration(summary.durationMs) : '',
    meta.user,
    meta.command,
  ]);
  const columns = [
    { title: 'run' },
    { title: 'result' },
    { title: 'changes', right: true },
    { title: 'steps failed', right: true },
    { title: 'time', right: true },
    { title: 'by' },
    { title: 'command' },
  ];
  return table(columns, rows, options);
}

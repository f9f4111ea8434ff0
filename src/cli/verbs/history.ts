import { Option } from 'commander';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Recorded, RunRecord, RunState } from '../../journal/runs.ts';
import type { Cell, TableOptions } from '../../render/table.ts';
import { visibleInLine } from '../../text/visible.ts';
import { UserError } from '../errors.ts';
import { EXIT, type Io } from '../io.ts';
import { withOutput, type OutputOptions } from '../options.ts';
import { printJson, tableOptions, wantsColor } from '../presentation.ts';
import { exiting, type Register } from '../register.ts';

export const registerHistory: Register = (program, cli) => {
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
        const runs = await recordedRuns(cli.io, inventory);
        if (options.json) printJson(cli.io, runs.map(asJson));
        else cli.io.stdout.write(`${await asTable(runs, tableOptions(cli.io, options))}\n`);
        return EXIT.ok;
      }),
    );
};

interface ShowOptions extends OutputOptions {
  /** The file to write a page to. */
  readonly html?: string;
}

export const registerShow: Register = (program, cli) => {
  withOutput(program.command('show'))
    .summary('show what a past run did')
    .description(
      'Shows a recorded run: who ran what and when, every change, every failure, and how it ended. ' +
        'Of a run that was killed, which step it was in, and which change on which host. ' +
        'With --html, writes that as a page for a browser, and adds a timeline by host, the slowest steps, the critical path, ' +
        'and what the systems reported. The page is one file, readable by you alone, which needs no network and runs no script.',
    )
    .argument('<run>', 'name of the run, or the beginning or end of it, or "last"')
    .argument('[inventory]', 'the inventory; default: all in this folder and its direct subfolders')
    .addOption(
      new Option('--html <file>', 'write the run as an HTML page, and print nothing on stdout').conflicts(
        'json',
      ),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  osha show last\n  osha show 20261121-142233-ab12 -v\n  osha show ab12 --json\n  osha show last --html report.html\n',
    )
    .action(
      exiting(cli, (name: string, inventory: string | undefined, options: ShowOptions) =>
        show(cli.io, name, inventory, options),
      ),
    );
};

/**
 * Prints what a run recorded, or writes it as a page. Returns the exit code. Throws `UserError` where `name` is not exactly
 * one run.
 */
async function show(
  io: Io,
  name: string,
  inventory: string | undefined,
  options: ShowOptions,
): Promise<number> {
  const { readEvents } = await import('../../journal/runs.ts');
  const run = findRun(await recordedRuns(io, inventory), name);
  const events = readEvents(run);
  if (options.json) {
    printJson(io, events);
    return EXIT.ok;
  }
  if (options.html !== undefined) {
    await writePage(io, run, events, options.html);
    return EXIT.ok;
  }
  const { meta } = run;
  const header = [
    `run ${run.id}: ${run.state}`,
    ...(run.summary?.unrecorded === undefined ? [] : [`incomplete record: ${run.summary.unrecorded}`]),
    `started ${meta.startedAt}, by ${meta.user} on ${meta.machine}, with osha ${meta.version}`,
    `$ ${meta.command}`,
    ...(run.summary ? [] : [`last recorded at ${events.at(-1)?.time ?? meta.startedAt}`]),
  ];
  io.stdout.write(`${header.map(visibleInLine).join('\n')}\n\n`);
  const { createRenderer } = await import('../../render/renderer.ts');
  const renderer = await createRenderer('plain', {
    color: wantsColor(io, options),
    verbose: options.verbose ?? false,
    stdout: io.stdout,
    stderr: io.stderr,
    log: run.log,
    isRunning: run.state === 'running',
  });
  let damaged = 0;
  for (const event of events) {
    try {
      renderer.sink(event);
    } catch {
      // The rest of a damaged record is still worth reading.
      damaged += 1;
    }
  }
  await renderer.finish();
  if (damaged > 0) {
    io.stderr.write(`warning: skipped ${damaged} damaged entries of ${run.log}\n`);
  }
  return EXIT.ok;
}

/** Writes a run as an HTML page, readable by the user alone like its record. Throws the errors of `writePrivateFile`. */
async function writePage(io: Io, run: RunRecord, events: readonly Recorded[], file: string): Promise<void> {
  const [{ runPage }, { writePrivateFile }] = await Promise.all([
    import('../../render/html/page.ts'),
    import('../../secrets/whole-file.ts'),
  ]);
  const { id, state, meta, log } = run;
  writePrivateFile(resolve(io.cwd, file), runPage({ ...meta, id, state, log }, events));
  io.stderr.write(`wrote ${visibleInLine(file)}\n`);
}

/**
 * The recorded runs of one inventory, or of all inventories in the current folder and its direct subfolders; latest first.
 * Throws `UserError` where the inventory does not exist.
 */
async function recordedRuns(io: Io, inventory: string | undefined): Promise<readonly RunRecord[]> {
  const [{ listRuns }, { runsFolder }] = await Promise.all([
    import('../../journal/runs.ts'),
    import('../../journal/record.ts'),
  ]);
  if (inventory !== undefined) {
    const file = resolve(io.cwd, inventory);
    if (!existsSync(file)) throw new UserError(`${inventory}: no such file`);
    return listRuns(runsFolder(file)).filter((run) => run.meta.inventory === file);
  }
  const folders = readdirSync(io.cwd, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
    .map((entry) => join(io.cwd, entry.name));
  return [io.cwd, ...folders]
    .flatMap((folder) => listRuns(join(folder, '.osha', 'runs')))
    .sort((a, b) => b.id.localeCompare(a.id));
}

/** The run with this id, with an id that begins or ends with `name`, or the `last` one. Throws `UserError`. */
function findRun(runs: readonly RunRecord[], name: string): RunRecord {
  if (runs.length === 0) {
    throw new UserError('no runs are recorded here', {
      hint: 'name the inventory as well, or change to its folder',
    });
  }
  const matching =
    name === 'last'
      ? runs.slice(0, 1)
      : runs.filter((run) => run.id === name || run.id.startsWith(name) || run.id.endsWith(name));
  const [found, ...others] = matching;
  if (!found) throw new UserError(`there is no run "${name}"`, { hint: 'list them: osha history' });
  if (others.length > 0) {
    throw new UserError(`"${name}" matches ${matching.length} runs`, {
      hint: `give more of the name: ${matching
        .slice(0, 5)
        .map((run) => run.id)
        .join(', ')}`,
    });
  }
  return found;
}

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
    // Records of older versions have no count of changes.
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

import { visibleInLine } from '../../text/visible.ts';
import { EXIT } from '../io.ts';
import { withOutput, type OutputOptions } from '../options.ts';
import { printJson, wantsColor } from '../presentation.ts';
import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  withOutput(program.command('show'))
    .summary('show what a past run did')
    .description(
      'Shows a recorded run: who ran what and when, every change, every failure, and how it ended. ' +
        'Of a run that was killed, which step it was in, and which change on which host.',
    )
    .argument('<run>', 'name of the run, or the beginning or end of it, or "last"')
    .argument('[inventory]', 'the inventory; default: all in this folder and its direct subfolders')
    .addHelpText(
      'after',
      '\nExamples:\n  osha show last\n  osha show 20261121-142233-ab12 -v\n  osha show ab12 --json\n',
    )
    .action(
      exiting(cli, async (name: string, inventory: string | undefined, options: OutputOptions) => {
        const [{ findRun, recordedRuns }, { readEvents }] = await Promise.all([
          import('../recorded-runs.ts'),
          import('../../journal/runs.ts'),
        ]);
        const run = findRun(await recordedRuns(cli.io, inventory), name);
        const events = readEvents(run);
        if (options.json) {
          printJson(cli.io, events);
          return EXIT.ok;
        }
        const { meta } = run;
        const inWords = [
          `run ${run.id}: ${run.state}`,
          ...(run.summary?.unrecorded === undefined
            ? []
            : [`its record is incomplete: ${run.summary.unrecorded}`]),
          `began ${meta.startedAt}, by ${meta.user} on ${meta.machine}, with osha ${meta.version}`,
          `$ ${meta.command}`,
          ...(run.summary ? [] : [`last recorded at ${events.at(-1)?.time ?? meta.startedAt}`]),
        ];
        cli.io.stdout.write(`${inWords.map(visibleInLine).join('\n')}\n\n`);
        const { createRenderer } = await import('../../render/renderer.ts');
        const renderer = await createRenderer('plain', {
          color: wantsColor(cli.io, options),
          verbose: options.verbose ?? false,
          stdout: cli.io.stdout,
          stderr: cli.io.stderr,
          log: run.log,
          goesOn: run.state === 'running',
        });
        let damaged = 0;
        for (const event of events) {
          try {
            renderer.sink(event);
          } catch {
            // However the record was damaged, the rest of it is still worth reading.
            damaged += 1;
          }
        }
        await renderer.finish();
        if (damaged > 0) {
          cli.io.stderr.write(`warning: ${damaged} damaged entries of ${run.log} were left out\n`);
        }
        return EXIT.ok;
      }),
    );
};

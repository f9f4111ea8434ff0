import { Option } from 'commander';
import { withConnections, withOutput, wholeSeconds } from '../options.ts';
import { exiting, type Register } from '../register.ts';
import { roll, type RollingOptions } from '../rolling.ts';

interface RestartOptions extends RollingOptions {
  /** Seconds. */
  readonly olderThan?: number;
}

export const registerRestart: Register = (program, cli) => {
  const command = program
    .command('restart')
    .summary('restart systems on one host at a time')
    .description(
      'Restarts everything that a phase runs, on one host at a time. Before each host, asks whether the system can spare it; ' +
        'after it, waits until the system is healthy as a whole. Stops at the first doubt (exit 5), with all other hosts ' +
        'running. A system on one host alone is interrupted.\n\n' +
        'Changes no configuration and starts nothing that is down. After an interruption, --older-than leaves out what has been ' +
        'restarted already.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .argument('<phases...>', 'the names of phases, such as galera')
    .addOption(
      new Option(
        '--older-than <seconds>',
        'leave alone what was started within this time before the command',
      ).argParser(wholeSeconds),
    )
    .option('--dry-run', 'only print the steps, without connecting')
    .addHelpText(
      'after',
      '\nExamples:\n  osha restart inventory/lab.yaml galera\n  osha restart inventory/lab.yaml rabbitmq memcached --dry-run\n' +
        '  osha restart inventory/lab.yaml nova --older-than 600',
    );
  withOutput(withConnections(command)).action(
    exiting(cli, (file: string, phases: readonly string[], options: RestartOptions) => {
      const begun = performance.now();
      const youngerThanSeconds = (): number => (performance.now() - begun) / 1000 + (options.olderThan ?? 0);
      const purpose = { kind: 'restart', youngerThanSeconds } as const;
      return roll(cli, { file, phases, purpose, asked: 'restarted' }, options);
    }),
  );
};

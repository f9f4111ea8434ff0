import { withConnections, withOutput } from '../options.ts';
import { exiting, type Register } from '../register.ts';
import { roll, type RollingOptions } from '../rolling.ts';

export const registerUpgrade: Register = (program, cli) => {
  const command = program
    .command('upgrade')
    .summary('upgrade packages on one host at a time')
    .description(
      "Brings the packages that osha installed to the version that the hosts' package lists offer, phase by phase and one host at " +
        'a time, and restarts what runs an older one. Before each host, asks whether the system can spare it; after it, waits until ' +
        'the system is healthy as a whole. Stops at the first doubt (exit 5), with all other hosts running, and resumes where it ' +
        'stopped. A system on one host alone is interrupted.\n\n' +
        'Does not upgrade the rest of the operating system, and moves to no other release of Debian or OpenStack. With --diff, ' +
        'shows which packages would move from which version to which.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .argument('[phases...]', 'the names of phases, such as galera; default: all')
    .option('--diff', 'connect and show what would change, without changing anything')
    .option('--dry-run', 'only print the steps, without connecting')
    .addHelpText(
      'after',
      '\nExamples:\n  osha upgrade inventory/lab.yaml --diff\n  osha upgrade inventory/lab.yaml rabbitmq galera',
    );
  withOutput(withConnections(command)).action(
    exiting(cli, (file: string, phases: readonly string[], options: RollingOptions) =>
      roll(cli, { file, phases, purpose: { kind: 'upgrade' }, asked: 'upgraded' }, options),
    ),
  );
};

import { Option } from 'commander';
import { withConnections, withOutput, type ConnectionOptions, type OutputOptions } from '../options.ts';
import { exiting, type Register } from '../register.ts';

interface ExecCommandOptions extends OutputOptions, ConnectionOptions {
  readonly on?: readonly string[];
}

export const register: Register = (program, cli) => {
  const command = program
    .command('exec')
    .summary('run a command on the hosts')
    .description(
      'Runs a command as root on all hosts in parallel, and prints the output of each. A single word is passed to the ' +
        'shell; several words are a command and its arguments, passed literally. Exits with 1 when the command fails on ' +
        'any host, with 4 when a host is unreachable.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .argument('<command...>', 'the command, after --')
    .addOption(
      new Option('--on <host|role,...>', 'only these hosts').argParser((value: string) => value.split(',')),
    )
    .addHelpText(
      'after',
      "\nExamples:\n  osha exec inventory/lab.yaml -- uptime\n  osha exec inventory/lab.yaml --on database -- 'systemctl status mariadb | head -5'",
    );
  withOutput(withConnections(command)).action(
    exiting(cli, async (file: string, words: readonly string[], options: ExecCommandOptions) => {
      const { exec } = await import('../exec.ts');
      return exec(cli, file, words, options);
    }),
  );
};

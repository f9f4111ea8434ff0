import { withConnections, withOutput, withSelection } from '../options.ts';
import type { ConnectionOptions, OutputOptions, SelectionOptions } from '../options.ts';
import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  const command = program
    .command('check')
    .summary('check whether the hosts are ready for a deployment')
    .description(
      'Checks everything a deployment relies on: SSH and sudo, the operating system, clocks, disk and memory, ports that ' +
        'are taken, whether the virtual IPs are free, name resolution and MTU. Reads only, never changes a host. Exits with 5 ' +
        'when a check fails, with 4 when a host is unreachable.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .addHelpText(
      'after',
      '\nExamples:\n  osha check inventory/lab.yaml\n  osha check inventory/lab.yaml --accept-new\n  osha check inventory/lab.yaml --limit controller2',
    );
  withOutput(withConnections(withSelection(command))).action(
    exiting(cli, async (file: string, options: OutputOptions & ConnectionOptions & SelectionOptions) => {
      const { health } = await import('../health.ts');
      return health(cli, file, { ...options, of: 'hosts' });
    }),
  );
};

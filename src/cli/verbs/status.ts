import { withConnections, withOutput, withSelection } from '../options.ts';
import type { ConnectionOptions, OutputOptions, SelectionOptions } from '../options.ts';
import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  const command = program
    .command('status')
    .summary('show the health of every system')
    .description(
      'Asks the systems themselves: Galera for its cluster size, RabbitMQ for its members and partitions, the hosts for the ' +
        'holder of each virtual IP. Reads only. Exits with 1 when something is unhealthy, with 4 when a host is unreachable.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .addHelpText(
      'after',
      '\nExamples:\n  osha status inventory/lab.yaml\n  osha status inventory/lab.yaml --only galera --json',
    );
  withOutput(withConnections(withSelection(command))).action(
    exiting(cli, async (file: string, options: OutputOptions & ConnectionOptions & SelectionOptions) => {
      const { health } = await import('../health.ts');
      return health(cli, file, { ...options, of: 'systems' });
    }),
  );
};

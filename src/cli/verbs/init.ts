import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  program
    .command('init')
    .summary('write an inventory to start from')
    .description(
      'Writes a commented inventory of three controllers, generates its secrets next to it, and keeps both the secrets and ' +
        'the records of runs out of git. Never overwrites an existing file.',
    )
    .argument('[dir]', 'the folder; created if it does not exist', '.')
    .addHelpText('after', '\nExamples:\n  osha init prod\n  osha init')
    .action(
      exiting(cli, async (dir: string) => {
        const { init } = await import('../init.ts');
        return init(cli.io, dir);
      }),
    );
};

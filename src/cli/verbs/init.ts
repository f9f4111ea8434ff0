import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  program
    .command('init')
    .summary('write an inventory to begin with')
    .description(
      'Writes a commented inventory of three controllers, generates its secrets beside it, and keeps both the secrets and ' +
        'the records of runs out of git. A file that is there already is never overwritten.',
    )
    .argument('[dir]', 'the folder; made where it is not there', '.')
    .addHelpText('after', '\nExamples:\n  osha init prod\n  osha init')
    .action(
      exiting(cli, async (dir: string) => {
        const { init } = await import('../init.ts');
        return init(cli.io, dir);
      }),
    );
};

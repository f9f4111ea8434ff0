import { Argument } from 'commander';
import { EXIT } from '../io.ts';
import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  program
    .command('completion')
    .summary('print completion for a shell')
    .description('Prints a script that completes verbs, options and phases in a shell.')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(osha completion bash)\n  source <(osha completion zsh)\n  osha completion fish | source',
    )
    .action(
      exiting(cli, async (shell: 'bash' | 'zsh' | 'fish') => {
        const [{ wordsOf }, { playbooks }] = await Promise.all([
          import('../completion/tree.ts'),
          import('../../../playbooks/index.ts'),
        ]);
        const verbs = wordsOf(program);
        const phases = playbooks.map((playbook) => playbook.name);
        switch (shell) {
          case 'bash':
            cli.io.stdout.write((await import('../completion/bash.ts')).bashScript(verbs, phases));
            break;
          case 'zsh':
            cli.io.stdout.write((await import('../completion/zsh.ts')).zshScript(verbs, phases));
            break;
          case 'fish':
            cli.io.stdout.write((await import('../completion/fish.ts')).fishScript(verbs, phases));
            break;
        }
        return EXIT.ok;
      }),
    );
};

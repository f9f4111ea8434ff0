import { UserError } from './errors.ts';
import { EXIT } from './io.ts';
import type { Cli } from './register.ts';

/** Shows what is at stake, and returns when the person has confirmed it. Throws `UserError` with 5 for any answer but "yes". */
export type Confirm = (atStake: string) => Promise<void>;

/**
 * How the person at the terminal confirms something that can lose data or availability, called `what`. Throws
 * `UserError` with 5 where there is no terminal, so that nothing is looked at in vain.
 */
export function confirmer({ io, command }: Cli, what: string): Confirm {
  const { ask, stderr } = io;
  if (!ask) {
    throw new UserError(`${what} has to be confirmed, and there is no terminal to ask on`, {
      hint: `to confirm it: ${command} --yes`,
      exitCode: EXIT.refused,
    });
  }
  return async (atStake) => {
    stderr.write(atStake);
    const answer = await ask('Type "yes" to continue: ');
    if (answer.trim().toLowerCase() === 'yes') return;
    throw new UserError('not confirmed: nothing was changed', { exitCode: EXIT.refused });
  };
}

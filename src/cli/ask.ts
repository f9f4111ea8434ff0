import { createInterface } from 'node:readline/promises';
import type { ReadStream } from 'node:tty';
import type { GuardedOutput } from '../render/output.ts';
import { UserError } from './errors.ts';
import { EXIT } from './io.ts';
import type { Cli } from './register.ts';

/** Asks for a line that is not shown as it is typed. Throws a `UserError` with 130 on Ctrl-C. */
export function askHidden(
  question: string,
  terminal: { readonly stdin: ReadStream; readonly stderr: GuardedOutput },
): Promise<string> {
  const { stdin, stderr } = terminal;
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (): void => {
      stdin.off('data', take).setRawMode(false).pause();
      stderr.write('\n');
    };
    const take = (chunk: Buffer): void => {
      for (const character of chunk.toString('utf8')) {
        if (character === '\r' || character === '\n' || character === '\u0004') {
          end();
          resolve(typed);
          return;
        }
        if (character === '\u0003') {
          end();
          reject(new UserError('interrupted', { exitCode: EXIT.interrupted }));
          return;
        }
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('');
        else typed += character;
      }
    };
    // Before the question: the terminal echoes what is typed until then.
    stdin.setRawMode(true).resume().on('data', take);
    stderr.write(question);
  });
}

/** Asks for a line; Ctrl-D is an empty one. Throws a `UserError` with 130 on Ctrl-C. */
export async function askLine(
  question: string,
  terminal: { readonly stdin: NodeJS.ReadableStream; readonly stderr: NodeJS.WritableStream },
): Promise<string> {
  const lines = createInterface({ input: terminal.stdin, output: terminal.stderr });
  try {
    return await new Promise((answered, failed) => {
      lines.once('SIGINT', () => failed(new UserError('interrupted', { exitCode: EXIT.interrupted })));
      lines.once('close', () => answered(''));
      lines.question(question).then(answered, failed);
    });
  } finally {
    lines.close();
  }
}

/** Shows what is at stake and asks for confirmation. Throws `UserError` with 5 for any answer but "yes". */
export type Confirm = (atStake: string) => Promise<void>;

/**
 * Asks the person at the terminal to confirm `what`, which can lose data or availability. Throws `UserError` with 5 where
 * there is no terminal: before anything is surveyed for the question.
 */
export function confirmer({ io, command }: Cli, what: string): Confirm {
  const { ask, stderr } = io;
  if (!ask) {
    throw new UserError(`${what} needs confirmation, and there is no terminal to ask on`, {
      hint: `confirm with: ${command} --yes`,
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

import type { ReadStream } from 'node:tty';
import type { GuardedOutput } from '../render/output.ts';
import { UserError } from './errors.ts';
import { EXIT } from './io.ts';

/** Asks a person for a line without showing it. Throws a `UserError` with 130 on Ctrl-C. */
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
    stderr.write(question);
    stdin.setRawMode(true).resume().on('data', take);
  });
}

import { createInterface } from 'node:readline/promises';
import { UserError } from './errors.ts';
import { EXIT } from './io.ts';

/** Asks a person for a line. An end of input (Ctrl-D) is an empty one. Throws a `UserError` with 130 on Ctrl-C. */
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

import { runCli } from './cli.ts';
import { EXIT, type Io } from './io.ts';

/** Milliseconds that something forgotten, such as a socket, may keep a finished command from ending. */
const LINGER_MS = 3000;

/** Runs a command line as this process, and leaves its exit code. */
export async function start(args: readonly string[]): Promise<void> {
  survivePipes();
  process.on('uncaughtException', (error) => {
    confess(error, args);
    process.exit(EXIT.failed);
  });
  try {
    process.exitCode = await runCli(args, processIo());
  } catch (error) {
    confess(error, args);
    process.exitCode = EXIT.failed;
  }
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

function processIo(): Io {
  const { stdout, stderr, stdin } = process;
  return {
    stdout,
    stderr,
    env: process.env,
    cwd: process.cwd(),
    isTTY: stdout.isTTY,
    ...(stdin.isTTY
      ? {
          askHidden: async (question: string) =>
            (await import('./ask-hidden.ts')).askHidden(question, { stdin, stderr }),
        }
      : {}),
    onInterrupt: (handler) => {
      process.on('SIGINT', handler).on('SIGTERM', handler);
      return () => void process.off('SIGINT', handler).off('SIGTERM', handler);
    },
    quit: (exitCode) => process.exit(exitCode),
  };
}

/** A reader that went away (`osha ... | head`) ends the printing and not the work: a deployment goes on to its end. */
function survivePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      stream.write = () => true;
      if (error.code === 'EPIPE') return;
      process.stderr.write(`error: what osha prints cannot be written: ${error.message}\n`);
      process.exitCode = EXIT.failed;
    });
  }
}

/** A defect of osha: one line, and its stack only for those who ask. */
function confess(error: unknown, args: readonly string[]): void {
  const message = error instanceof Error ? error.message : String(error);
  const wanted = args.includes('-v') || args.includes('--verbose');
  const details = wanted && error instanceof Error ? `${error.stack ?? ''}\n` : '';
  const hint = wanted ? '' : ' Run it again with -v for the details.';
  process.stderr.write(`osha: this is a defect of osha, not of your input: ${message}.${hint}\n${details}`);
}

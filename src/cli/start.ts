import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { GuardedOutput } from '../render/output.ts';
import { jsonLine, visible } from '../text/visible.ts';
import { asksForJson, runCli } from './cli.ts';
import { EXIT, type InterruptSignal, type Io } from './io.ts';
import { thrownByUserCode } from './playbook-file.ts';

/** Milliseconds for which an open handle, such as a socket, may keep a finished command running. */
const LINGER_MS = 3000;

/** Runs a command line as this process, and sets the exit code. */
export async function start(args: readonly string[]): Promise<void> {
  survivePipes();
  surviveHangup();
  const interrupts = new Interrupts();
  let isBroken = false;
  process.on('uncaughtException', (error) => {
    const exitCode = explainCrash(error, args);
    if (isBroken || !interrupts.send('SIGTERM')) process.exit(exitCode);
    isBroken = true;
  });
  try {
    const exitCode = await runCli(args, processIo(interrupts));
    process.exitCode = isBroken ? EXIT.failed : exitCode;
  } catch (error) {
    process.exitCode = explainCrash(error, args);
  }
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Passes on requests to stop the command: signals, and defects found outside of it. */
class Interrupts {
  readonly #handlers = new Set<(signal: InterruptSignal) => void>();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    // A closed terminal sends it again, which must not end a command that is already stopping and writes its record.
    if (signal === 'SIGHUP') process.on('SIGHUP', () => undefined);
    this.send(signal as InterruptSignal);
  };

  /** Without a handler, signals keep their default action. */
  add(handler: (signal: InterruptSignal) => void): () => void {
    if (this.#handlers.size === 0) for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    this.#handlers.add(handler);
    return () => {
      this.#handlers.delete(handler);
      if (this.#handlers.size === 0) for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    };
  }

  /** Returns false where there is no handler. */
  send(signal: InterruptSignal): boolean {
    for (const handler of this.#handlers) handler(signal);
    return this.#handlers.size > 0;
  }
}

function processIo(interrupts: Interrupts): Io {
  const { stdout, stderr, stdin } = process;
  return {
    stdout: new GuardedOutput(stdout),
    stderr: new GuardedOutput(stderr),
    env: process.env,
    cwd: process.cwd(),
    isTTY: stdout.isTTY,
    ...(stdin.isTTY && stderr.isTTY
      ? {
          ask: async (question: string) => (await import('./ask.ts')).askLine(question, { stdin, stderr }),
          askHidden: async (question: string) =>
            (await import('./ask.ts')).askHidden(question, {
              stdin,
              stderr: new GuardedOutput(stderr),
            }),
        }
      : {}),
    onInterrupt: (handler) => interrupts.add(handler),
    quit: (exitCode) => process.exit(exitCode),
  };
}

/** Error codes of a stream whose other end is gone: a pipe without a reader, a closed terminal. */
const GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/** A reader that goes away (`osha ... | head`) ends the output, not the command: a deployment runs to its end. */
function survivePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      stream.write = () => true;
      if (GONE.has(error.code)) return;
      process.stderr.write(`error: cannot write the output: ${error.message}\n`);
      process.exitCode = EXIT.failed;
    });
  }
}

/** Node.js restores terminal settings on exit, and aborts (134) where the terminal is gone, unless its descriptor is closed. */
function surviveHangup(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}

/**
 * Prints an uncaught error: of the user's own code (a playbook that throws asynchronously), else a defect of osha. One line,
 * and the stack with `-v`. Returns the exit code.
 */
function explainCrash(error: unknown, args: readonly string[]): number {
  const isVerbose = args.includes('-v') || args.includes('--verbose');
  const hint = 'run it again with -v for details';
  const place = thrownByUserCode(error);
  const exitCode = place ? EXIT.usage : EXIT.failed;
  const reason = error instanceof Error ? error.message : String(error);
  const message = place
    ? `${place.path}:${place.line}:${place.column}: ${reason}`
    : `this is a defect of osha, not of your input: ${reason}`;
  if (asksForJson(args)) {
    process.stdout.write(`${jsonLine({ event: 'error', message, hint, exitCode })}\n`);
  }
  const details = error instanceof Error && isVerbose ? `${error.stack ?? ''}\n` : `hint: ${hint}\n`;
  process.stderr.write(visible(`${place ? 'error' : 'osha'}: ${message}\n${details}`));
  return exitCode;
}

import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { GuardedOutput } from '../render/output.ts';
import { jsonLine } from '../text/json-line.ts';
import { visible } from '../text/visible.ts';
import { asksForJson, runCli } from './cli.ts';
import { EXIT, type Io, type InterruptSignal } from './io.ts';
import { thrownByUserCode } from './user-code.ts';

/** Milliseconds that something forgotten, such as a socket, may keep a finished command from ending. */
const LINGER_MS = 3000;

/** Runs a command line as this process, and leaves its exit code. */
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

/** Those who want to hear that the command is to stop: by a signal, or because of a defect that was found outside of it. */
class Interrupts {
  readonly #handlers = new Set<(signal: InterruptSignal) => void>();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    // A closed terminal sends it again: not to a command that is already about to end and writes down how it went.
    if (signal === 'SIGHUP') process.on('SIGHUP', () => undefined);
    this.send(signal as InterruptSignal);
  };

  /** While nobody is here, a signal does what it does to any process. */
  add(handler: (signal: InterruptSignal) => void): () => void {
    if (this.#handlers.size === 0) for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    this.#handlers.add(handler);
    return () => {
      this.#handlers.delete(handler);
      if (this.#handlers.size === 0) for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    };
  }

  /** Returns false where nobody hears it. */
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
          ask: async (question: string) =>
            (await import('./ask-line.ts')).askLine(question, { stdin, stderr }),
          askHidden: async (question: string) =>
            (await import('./ask-hidden.ts')).askHidden(question, {
              stdin,
              stderr: new GuardedOutput(stderr),
            }),
        }
      : {}),
    onInterrupt: (handler) => interrupts.add(handler),
    quit: (exitCode) => process.exit(exitCode),
  };
}

/** What a stream says whose other end is gone: a pipe without a reader, a terminal that was closed. */
const GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/** A reader that went away (`osha ... | head`) ends the printing and not the work: a deployment goes on to its end. */
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

/**
 * Node.js gives a terminal its settings back when it ends, and aborts (134) where the terminal is gone by then: it leaves
 * alone what is closed.
 */
function surviveHangup(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}

/**
 * What nothing took care of: a mistake of the user's own code (a playbook that throws when nobody waits for it), else a
 * defect of osha. One line, and the stack only for those who ask. Returns the exit code.
 */
function explainCrash(error: unknown, args: readonly string[]): number {
  const wanted = args.includes('-v') || args.includes('--verbose');
  const hint = 'run it again with -v for the details';
  const place = thrownByUserCode(error);
  const exitCode = place ? EXIT.usage : EXIT.failed;
  const said = error instanceof Error ? error.message : String(error);
  const message = place
    ? `${place.path}:${place.line}:${place.column}: ${said}`
    : `this is a defect of osha, not of your input: ${said}`;
  if (asksForJson(args)) {
    process.stdout.write(`${jsonLine({ event: 'error', message, hint, exitCode })}\n`);
  }
  const details = error instanceof Error && wanted ? `${error.stack ?? ''}\n` : `hint: ${hint}\n`;
  process.stderr.write(visible(`${place ? 'error' : 'osha'}: ${message}\n${details}`));
  return exitCode;
}

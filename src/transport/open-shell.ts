import { OshaError } from '../text/error.ts';
import { randomBytes } from 'node:crypto';
import type { Host } from '../inventory/types.ts';
import { bootCommand, HELLO, remoteLoop } from './remote-loop.ts';
import { ShellSession, type ShellSettings, type ShellStreams } from './shell-session.ts';

/** How often both ends of a session tell each other that they are there. */
export interface Liveness {
  /** Milliseconds between two signs of life. */
  readonly intervalMs: number;
  /** So many of them may stay without an answer. */
  readonly missed: number;
}

/** The program of one session and the command line that starts it. */
export interface Loop {
  readonly mark: string;
  readonly program: Buffer;
  readonly boot: string;
}

/** A loop that ends itself when it hears nothing for twice as long as the other end waits; never without `liveness`. */
export function newLoop(liveness?: Liveness): Loop {
  const mark = `osha-${randomBytes(16).toString('hex')}`;
  const quietSeconds = liveness ? Math.ceil((liveness.intervalMs * (liveness.missed + 1) * 1.5) / 1000) : 0;
  const program = Buffer.from(remoteLoop({ mark, quietSeconds }));
  return { mark, program, boot: bootCommand(program.length) };
}

/** A shell that ended before it was ready. */
export class ShellRefused extends OshaError {
  override name = 'ShellRefused';
}

/** A shell that is there, on a host that lacks something. */
export class HostUnfit extends ShellRefused {
  override name = 'HostUnfit';
}

export interface OpenShellOptions extends Pick<ShellSettings, 'beside' | 'maxOutputBytes'> {
  readonly loop: Loop;
  readonly liveness?: Liveness;
  /** Called with all that came on stderr so far, whenever more comes before the greeting. Rejects by throwing. */
  readonly onComplaint?: (said: string) => void;
}

/**
 * Waits for the greeting of a shell that was started with the loop's boot command, gives it the loop, and returns the
 * session once the loop is ready. What a login shell prints before is dropped. Throws `ShellRefused` or
 * `HostUnfit` with what it said.
 */
export async function openShell(
  host: Host,
  streams: ShellStreams,
  { loop, liveness, onComplaint, beside, maxOutputBytes }: OpenShellOptions,
): Promise<ShellSession> {
  await hears(streams, `${HELLO}\n`, undefined, onComplaint);
  streams.stdin.write(loop.program);
  await hears(streams, `\x1e${loop.mark} ready\n`, `\x1e${loop.mark} refused `);
  return new ShellSession(host, streams, {
    mark: loop.mark,
    beatMs: liveness?.intervalMs ?? 0,
    maxOutputBytes,
    beside,
  });
}

/** Characters of each stream in which a greeting is looked for: a login shell may print whatever it likes before. */
const LISTENED = 64 * 1024;

function hears(
  streams: ShellStreams,
  wanted: string,
  unwanted?: string,
  onComplaint?: (said: string) => void,
): Promise<void> {
  return new Promise((heard, refused) => {
    let stdout = '';
    let stderr = '';
    const settle = (finish: () => void): void => {
      streams.stdout.off('data', onStdout);
      streams.stderr.off('data', onStderr);
      finish();
    };
    const onStdout = (chunk: Buffer): void => {
      stdout = (stdout + chunk.toString('utf8')).slice(-LISTENED);
      const refusal = unwanted === undefined ? undefined : stdout.split(unwanted)[1];
      if (stdout.includes(wanted)) settle(heard);
      else if (refusal?.endsWith('\n')) settle(() => refused(new HostUnfit(refusal.trim())));
    };
    const onStderr = (chunk: Buffer): void => {
      stderr = (stderr + chunk.toString('utf8')).slice(-LISTENED);
      try {
        onComplaint?.(stderr);
      } catch (error) {
        settle(() => refused(error instanceof Error ? error : new Error(String(error))));
      }
    };
    streams.stdout.on('data', onStdout);
    streams.stderr.on('data', onStderr);
    streams.onClosed((why) =>
      settle(() => refused(new ShellRefused(lastLines(stderr) || lastLines(stdout) || why))),
    );
  });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join('; ').trim();
}

import { spawn } from 'node:child_process';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Host } from '../../src/inventory/types.ts';
import { MAX_OUTPUT_BYTES } from '../../src/transport/bounded-output.ts';
import { ConnectError, ForwardError } from '../../src/transport/errors.ts';
import { openRootShell } from '../../src/transport/root-shell.ts';
import type { ConnectOptions, Session, Transport } from '../../src/transport/session.ts';
import type { ShellStreams } from '../../src/transport/shell-session.ts';
import { within } from '../../src/transport/timers.ts';

/** A session on this machine, with a way to break it. */
export interface LocalSession extends Session {
  /** Ends it immediately and silently, like a dropped connection. */
  drop(): void;
}

/** Sessions on this machine. */
export interface LocalTransport extends Transport {
  connect(host: Host, options: ConnectOptions): Promise<LocalSession>;
}

/**
 * Sessions on this machine, without SSH and as this user (or with `sudo -n` if the inventory says so): the same loop, on
 * pipes. Ignores addresses, keys and known hosts. `maxOutputBytes` as in `createSshTransport`.
 */
export function createLocalTransport({ maxOutputBytes = MAX_OUTPUT_BYTES } = {}): LocalTransport {
  return {
    connect: (host, options) => openShellHere(host, options, maxOutputBytes),
    close: () => Promise.resolve(),
  };
}

function openShellHere(
  host: Host,
  limits: Parameters<Session['openAnother']>[0],
  maxOutputBytes: number,
  first?: ShellStreams,
): Promise<LocalSession> {
  return within(limits, tooLate, async (signal) => {
    let streams: ShellStreams | undefined;
    const drop = (): void => streams?.destroy('dropped by the test');
    signal.addEventListener('abort', drop, { once: true });
    const session = await openRootShell(host, {
      user: host.ssh.user ?? 'root',
      maxOutputBytes,
      start: async (command) => (streams = startHere(command)),
      openAnother: (further) => openShellHere(host, further, maxOutputBytes, first ?? streams),
    });
    signal.removeEventListener('abort', drop);
    first?.onClosed((why) => streams?.destroy(why));
    return Object.assign(session, { drop });
  });
}

function tooLate(): ConnectError {
  return new ConnectError('timed-out', 'the shell did not start in time', 'is this machine overloaded?');
}

function startHere(command: string): ShellStreams {
  // In a session of its own, so that Ctrl-C in the terminal reaches only the test runner.
  const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  let closed: string | undefined;
  const listeners: ((why: string) => void)[] = [];
  const close = (why: string): void => {
    if (closed !== undefined) return;
    closed = why;
    for (const listener of listeners) listener(why);
  };
  child.on('error', (error) => close(error.message));
  child.on('close', () => close('the shell ended'));
  child.stdin.on('error', () => undefined);
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    onClosed: (listener) => {
      if (closed === undefined) listeners.push(listener);
      else listener(closed);
    },
    forward: connectFromHere,
    destroy: (why) => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      close(why);
    },
    disconnect: () => Promise.resolve(),
  };
}

function connectFromHere(address: string, port: number): Promise<Duplex> {
  return new Promise((opened, failed) => {
    const socket = connectTcp(port, address);
    socket.once('connect', () => opened(socket.on('error', () => undefined)));
    socket.once('error', (cause) => failed(new ForwardError(cause.message, { prohibited: false, cause })));
  });
}

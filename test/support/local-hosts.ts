import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as soon } from 'node:timers/promises';
import type { Host } from '../../src/inventory/types.ts';
import { ConnectError, ConnectionDropped, ForwardError, ScriptTimeout } from '../../src/transport/errors.ts';
import type { RunOptions, ScriptResult, Session, Transport } from '../../src/transport/session.ts';
import { shortAnswer } from './short-scripts.ts';

/** Hosts for tests of the runner: a folder each, on which scripts really run, with `$DISK` naming the folder. */
export class LocalHosts implements Transport {
  /** Scripts that were sent, as `host: script`. */
  readonly sent: string[] = [];
  readonly #root = mkdtempSync(join(tmpdir(), 'osha-hosts-'));
  readonly #down = new Set<string>();
  readonly #dropping = new Map<string, (script: string) => boolean>();
  readonly #locked = new Map<string, string>();

  disk(host: string): string {
    return join(this.#root, host);
  }

  /** The host refuses connections from now on. */
  takeDown(host: string): void {
    this.#down.add(host);
  }

  /** The next script that fits runs, and then the connection drops before its answer comes. */
  dropAfter(host: string, fits: (script: string) => boolean): void {
    this.#dropping.set(host, fits);
  }

  /** Somebody else's run holds the host's lock. */
  lockBy(host: string, holder: string): void {
    this.#locked.set(host, holder);
  }

  connect(host: Host): Promise<Session> {
    if (this.#down.has(host.name)) {
      return Promise.reject(new ConnectError('unreachable', 'connection refused', 'is sshd running?'));
    }
    let roundTrips = 0;
    let dropped = false;
    const session: Session = {
      host,
      get roundTrips() {
        return roundTrips;
      },
      run: async (script, options) => {
        if (dropped) throw new ConnectionDropped('it dropped before');
        roundTrips += 1;
        this.sent.push(`${host.name}: ${script}`);
        const result = await this.#sh(host.name, script, options);
        options.onOutput?.('stdout', result.stdout);
        if (this.#dropping.get(host.name)?.(script)) {
          this.#dropping.delete(host.name);
          dropped = true;
          throw new ConnectionDropped('reset by peer');
        }
        return result;
      },
      lock: () => {
        const holder = this.#locked.get(host.name);
        return Promise.resolve(holder === undefined ? { ok: true } : { ok: false, holder });
      },
      joinLock: () => Promise.resolve({ ok: true }),
      forward: () => Promise.reject(new ForwardError('it connects to nothing', { prohibited: true })),
      openAnother: () => Promise.resolve(session),
      close: () => Promise.resolve(),
    };
    return Promise.resolve(session);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #sh(host: string, script: string, options: RunOptions): Promise<ScriptResult> {
    const { input = '', signal, timeoutMs } = options;
    const disk = this.disk(host);
    mkdirSync(disk, { recursive: true });
    if (typeof input === 'string' && signal?.aborted !== true) {
      const answer = shortAnswer(script, disk, input);
      if (answer) {
        await soon();
        return { ...answer, durationMs: 1 };
      }
    }
    return new Promise((done, failed) => {
      const child = spawn('sh', ['-c', script], {
        cwd: disk,
        env: { ...process.env, DISK: disk, HOST: host },
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
      child.stdin.on('error', () => undefined).end(input);
      // With all that it started, which would write on while the folder is removed.
      const stop = (): void => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It ended by itself just now.
        }
      };
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        stop();
      }, timeoutMs);
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, { once: true });
      child.on('close', (exitCode) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
        if (signal?.aborted) failed(signal.reason as Error);
        else if (late) failed(new ScriptTimeout(timeoutMs, stdout, stderr));
        else done({ stdout, stderr, exitCode: exitCode ?? 137, durationMs: 1 });
      });
    });
  }
}

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionDropped, OutputFlood, ScriptTimeout } from '../../src/transport/errors.ts';
import type { RunOptions, ScriptResult, Session } from '../../src/transport/session.ts';
import { becomes, commandLines, everythingShown, lives } from './processes.ts';

/** The transport under test. */
export interface Subject {
  /** A new session on the same host. */
  open(): Promise<Session>;
  /** Drops the connection of a session silently, possibly with those of others. */
  drop(session: Session): void;
  end(): Promise<void>;
}

const PLENTY: RunOptions = { timeoutMs: 30_000 };
const MEGABYTES_10 = 10 * 1024 * 1024;

/** The contract of `Session`, for any transport that runs real scripts. */
export function fulfilsTheContract(name: string, start: () => Promise<Subject>): void {
  describe(name, () => {
    let subject: Subject;
    let session: Session;
    const run = (script: string, options: Partial<RunOptions> = {}): Promise<ScriptResult> =>
      session.run(script, { ...PLENTY, ...options });
    const failing = (script: string, options: Partial<RunOptions>): Promise<unknown> =>
      run(script, options).then(
        () => undefined,
        (error: unknown) => error,
      );

    beforeAll(async () => {
      subject = await start();
      session = await subject.open();
    });
    afterAll(async () => {
      await session?.close();
      await subject?.end();
    });

    it.each([0, 1, 2, 127, 255])('returns exit code %i', async (code) => {
      expect(await run(`exit ${code}`)).toMatchObject({ exitCode: code, stdout: '', stderr: '' });
    });

    it.each([
      ['KILL', 137],
      ['TERM', 143],
      ['SEGV', 139],
    ])(
      'reports death by SIG%s as 128 plus its number, and adds nothing to the output',
      async (signal, code) => {
        expect(await run(`kill -${signal} $$`)).toMatchObject({ exitCode: code, stdout: '', stderr: '' });
      },
    );

    it('separates stdout and stderr, without losing or adding a line end', async () => {
      const result = await run('printf out1; printf err1 >&2; echo out2; printf "err2\\n\\n" >&2');
      expect(result).toMatchObject({ stdout: 'out1out2\n', stderr: 'err1err2\n\n' });
    });

    it('gives scripts working signals, the C locale, and none of its own descriptors', async () => {
      const { stdout } = await run(
        `trap 'echo interrupted' INT; kill -INT $$; echo "$LC_ALL $(umask) $(pwd)"; command -v sshd >/dev/null && echo sbin
for number in 3 4 5 6 7 8 9; do ( : <&$number ) 2>/dev/null && echo "$number is open"; done`,
      );
      expect(stdout).toBe('interrupted\nC 0022 /\nsbin\n');
    });

    it('transfers 10 MB on both streams in parallel, streamed and in linear time', async () => {
      let streamed = 0;
      const result = await run(
        `(head -c ${MEGABYTES_10} /dev/zero | tr '\\0' e >&2) & head -c ${MEGABYTES_10} /dev/zero | tr '\\0' o; wait`,
        { onOutput: (_, chunk) => (streamed += chunk.length) },
      );
      expect(result.stdout === 'o'.repeat(MEGABYTES_10)).toBe(true);
      expect(result.stderr === 'e'.repeat(MEGABYTES_10)).toBe(true);
      expect(streamed).toBe(2 * MEGABYTES_10);
      expect(result.durationMs).toBeLessThan(10_000);
    });

    it('passes stdout on as bytes, and holds the script back while the receiver is busy', async () => {
      const hash = createHash('sha256');
      let bytes = 0;
      let most = 0;
      let busy = 0;
      const result = await run(
        `sum=$(mktemp -u); mkfifo "$sum"; sha256sum <"$sum" >&2 &
head -c ${MEGABYTES_10} /dev/urandom | tee "$sum"; wait; rm "$sum"`,
        {
          stdoutTo: async (chunk) => {
            busy += 1;
            most = Math.max(most, busy);
            await new Promise((done) => setTimeout(done, 1));
            hash.update(chunk);
            bytes += chunk.length;
            busy -= 1;
          },
        },
      );
      expect(bytes).toBe(MEGABYTES_10);
      expect(most).toBe(1);
      expect(result.stderr.split(' ')[0]).toBe(hash.digest('hex'));
      expect(result.stdout).toBe('');
    });

    it('ends a script whose receiver fails, and throws its error', async () => {
      const full = new Error('the disk is full');
      const error = await failing('while :; do echo more; done', {
        stdoutTo: () => Promise.reject(full),
      });
      expect(error).toBe(full);
      expect(await run('echo next')).toMatchObject({ stdout: 'next\n' });
    });

    it('ends a script whose receiver is busy when it is aborted', async () => {
      const stop = new AbortController();
      const never = new Promise<void>(() => undefined);
      setTimeout(() => stop.abort(new Error('stopped')), 300);
      const error = await failing('while :; do echo more; done', {
        signal: stop.signal,
        stdoutTo: () => never,
      });
      expect(error).toEqual(new Error('stopped'));
      expect(await run('echo next')).toMatchObject({ stdout: 'next\n' });
    });

    it('transfers 10 MB of arbitrary input bytes', async () => {
      const input = Buffer.alloc(MEGABYTES_10, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
      const { createHash } = await import('node:crypto');
      const result = await run('sha256sum', { input });
      expect(result.stdout).toBe(`${createHash('sha256').update(input).digest('hex')}  -\n`);
    });

    it('transfers arbitrary output bytes, decoded as UTF-8', async () => {
      const bytes = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7) % 256));
      expect((await run('cat', { input: bytes })).stdout).toBe(bytes.toString('utf8'));
    });

    it('is not confused by unread input, even if it looks like requests', async () => {
      const input = 'run 1 2 3\ngo\nexit 1\n'.repeat(10_000);
      expect(await run('read -r line; echo "$line"', { input })).toMatchObject({ stdout: 'run 1 2 3\n' });
      expect(await run('cat; echo end')).toMatchObject({ stdout: 'end\n' });
    });

    it('joins characters that arrive in pieces', async () => {
      const pieces: string[] = [];
      const script = `for byte in 342 202 254 360 237 230 200; do printf "\\\\$byte"; sleep 0.03; done`;
      const result = await run(script, { onOutput: (_, chunk) => pieces.push(chunk) });
      expect(result.stdout).toBe('€😀');
      expect(pieces.join('')).toBe('€😀');
    });

    it('streams output while the script is running', async () => {
      const started = Date.now();
      let firstAt = Infinity;
      await run('printf "50%%"; sleep 0.5', { onOutput: () => (firstAt = Math.min(firstAt, Date.now())) });
      expect(firstAt - started).toBeLessThan(400);
    });

    it('runs a script of 200 KB, which would be too long for an argument', async () => {
      const script = `${'# a comment that makes it long\n'.repeat(6_700)}echo done`;
      expect(script.length).toBeGreaterThan(200_000);
      expect((await run(script)).stdout).toBe('done\n');
    });

    it('runs scripts one at a time, in the order of the calls', async () => {
      const before = session.roundTrips;
      const order: number[] = [];
      const results = await Promise.all(
        [0, 1, 2, 3, 4].map(async (number) => {
          const result = await run(`sleep 0.0${5 - number}; echo ${number}`);
          order.push(number);
          return result.stdout;
        }),
      );
      expect(order).toEqual([0, 1, 2, 3, 4]);
      expect(results).toEqual(['0\n', '1\n', '2\n', '3\n', '4\n']);
      expect(session.roundTrips - before).toBe(5);
    });

    it('opens another shell on the same connection, which runs scripts in parallel and ends with the first', async () => {
      const first = await subject.open();
      const second = await first.openAnother(PLENTY);
      const pipe = `/tmp/osha-test-pipe-${process.pid}`;
      const heard = first.run(`mkfifo ${pipe}; cat ${pipe}; rm ${pipe}`, PLENTY);
      await second.run(`until [ -p ${pipe} ]; do sleep 0.01; done; echo met >${pipe}`, PLENTY);
      expect((await heard).stdout).toBe('met\n');
      await (await first.openAnother(PLENTY)).close();
      expect((await first.run('echo on', PLENTY)).stdout).toBe('on\n');
      await first.close();
      await expect(second.run('true', PLENTY)).rejects.toBeInstanceOf(ConnectionDropped);
      await expect(first.openAnother(PLENTY)).rejects.toBeInstanceOf(ConnectionDropped);
    });

    it('keeps output of background processes out of the answers of later scripts, and does not wait for them', async () => {
      const first = await run(
        '(for i in $(seq 60); do sleep 0.3; echo late; echo late >&2; done) & echo first',
      );
      expect(first.stdout).toBe('first\n');
      expect(first.durationMs).toBeLessThan(9000);
      const second = await run('sleep 0.6; echo second');
      expect(second).toMatchObject({ stdout: 'second\n', stderr: '' });
      expect(second.durationMs).toBeLessThan(9000);
    });

    it('ends a script and its processes on timeout, and returns the output until then', async () => {
      const script = `trap 'echo asked to end; exit 1' TERM
echo so far; echo $$; sleep 300 & echo $!; timeout 300 sleep 299 & echo $!; wait`;
      const error = await failing(script, { timeoutMs: 2000 });
      expect(error).toBeInstanceOf(ScriptTimeout);
      const lines = (error as ScriptTimeout).stdout.trim().split('\n');
      const pids = lines.slice(1, 4);
      // SIGKILL at first would prevent this line.
      expect(lines).toEqual(['so far', ...pids, 'asked to end']);
      expect(pids).toHaveLength(3);
      expect(pids.map(Number).filter(lives)).toEqual([]);
      expect(commandLines(/^sleep (300|299)$/)).toEqual([]);
      expect((await run('echo on')).stdout).toBe('on\n');
    });

    it('ends a script or child that ignores SIGTERM', async () => {
      const scripts = [
        `trap '' TERM; echo $$; while :; do sleep 0.1; done`,
        `(trap '' TERM; exec sleep 298) & echo $!; wait`,
      ];
      await Promise.all(
        scripts.map(async (script) => {
          const other = await subject.open();
          const error: unknown = await other
            .run(script, { timeoutMs: 300 })
            .catch((reason: unknown) => reason);
          expect(error).toBeInstanceOf(ScriptTimeout);
          expect(lives(Number((error as ScriptTimeout).stdout))).toBe(false);
          await other.close();
        }),
      );
    });

    it('ends a script in the middle of a flood of output', async () => {
      expect(await failing('yes | head -c 20000000; sleep 100', { timeoutMs: 500 })).toBeInstanceOf(
        ScriptTimeout,
      );
      expect((await run('echo on')).stdout).toBe('on\n');
    });

    it('keeps at most maxOutputBytes of a flood, with its end, and reports how much was cut', async () => {
      const streamed: string[] = [];
      const { stdout, cutBytes, exitCode } = await run('yes | head -c 30000000; echo the end; exit 3', {
        maxOutputBytes: 100_000,
        onOutput: (_, chunk) => streamed.push(chunk),
      });
      expect(exitCode).toBe(3);
      expect(stdout.length).toBeLessThan(200_000);
      expect(stdout).toMatch(/y\n\n\[osha: 28\.\d MiB cut here; --max-output keeps more\]\ny\n/);
      expect(stdout.endsWith('y\nthe end\n')).toBe(true);
      expect(streamed.join('')).toBe(stdout);
      expect(cutBytes).toBeGreaterThan(29_000_000);
    });

    it('enforces a time limit in the middle of a flood', async () => {
      const started = performance.now();
      const error = await failing('yes', { timeoutMs: 3000, maxOutputBytes: 100_000 });
      expect(error).toBeInstanceOf(ScriptTimeout);
      expect((error as ScriptTimeout).stdout.length).toBeLessThan(200_000);
      expect(performance.now() - started).toBeLessThan(20_000);
    });

    it('ends a probe immediately when it floods, and runs the next script', async () => {
      const error = await failing('yes >&2', { maxOutputBytes: 100_000, beyondMaxOutput: 'end' });
      expect(error).toEqual(new OutputFlood(100_000));
      expect(await run('echo next')).toMatchObject({ stdout: 'next\n', stderr: '' });
    });

    it('ends a script on abort, and throws the reason', async () => {
      const abort = new AbortController();
      const reason = new Error('the user pressed Ctrl-C');
      let pid = 0;
      const running = failing('echo $$; sleep 301', {
        signal: abort.signal,
        onOutput: (_, chunk) => {
          pid = Number(chunk);
          abort.abort(reason);
        },
      });
      expect(await running).toBe(reason);
      expect(lives(pid)).toBe(false);
      expect(await failing('touch /run/osha-test-never', { signal: abort.signal })).toBe(reason);
      expect((await run('ls /run/osha-test-never')).exitCode).not.toBe(0);
    });

    it('hides scripts and their input from other users on the host', async () => {
      const input = 'correct-horse-battery-staple';
      const running = run(
        `# never-in-argv-${'x'.repeat(8)}\nread -r secret; sleep 0.4; printf %s "$secret" | wc -c`,
        {
          input: `${input}\n`,
        },
      );
      await new Promise((resolve) => setTimeout(resolve, 200));
      const shown = everythingShown();
      expect(shown).toContain('osha-hello');
      expect(shown).not.toContain(input);
      expect(shown).not.toContain('never-in-argv-');
      expect((await running).stdout).toBe('28\n');
    });

    it('leaves no processes and no private folder when it is closed', async () => {
      const other = await subject.open();
      const { stdout } = await other.run('dirname "$0"; echo "$PPID"', PLENTY);
      const [folder = '', pid = ''] = stdout.trim().split('\n');
      expect(folder).toMatch(/osha\./);
      expect((await other.run(`ls -ld ${folder}`, PLENTY)).stdout).toMatch(/^drwx------/);
      await other.close();
      expect((await run(`ls -d ${folder}`)).exitCode).not.toBe(0);
      expect(lives(Number(pid))).toBe(false);
      await expect(other.run('true', PLENTY)).rejects.toBeInstanceOf(ConnectionDropped);
    });

    it('ends a running script when it is closed', async () => {
      const other = await subject.open();
      let pid = 0;
      const running = other.run('echo $$; sleep 302', {
        ...PLENTY,
        onOutput: (_, chunk) => {
          pid = Number(chunk);
          void other.close();
        },
      });
      await expect(running).rejects.toBeInstanceOf(ConnectionDropped);
      await other.close();
      expect(lives(pid)).toBe(false);
    });

    it('distinguishes a drop from a failure; the host ends the script and cleans up', async () => {
      const other = await subject.open();
      let said = '';
      const running = other.run('echo "$$ $(dirname "$0")"; trap "" HUP; sleep 303; true', {
        ...PLENTY,
        onOutput: (_, chunk) => {
          said = chunk.trim();
          subject.drop(other);
        },
      });
      await expect(running).rejects.toBeInstanceOf(ConnectionDropped);
      const [pid, folder] = said.split(' ');
      expect(await becomes(() => !lives(Number(pid)))).toBe(true);
      const { existsSync } = await import('node:fs');
      expect(await becomes(() => !existsSync(folder ?? '/'))).toBe(true);
      await expect(other.run('true', PLENTY)).rejects.toBeInstanceOf(ConnectionDropped);
      await other.close();
    });

    it('locks for one session at a time, names the holder, and unlocks when that session drops', async () => {
      const holder = await subject.open();
      expect(await holder.lock('ann on laptop,\nrun 7', 5000)).toEqual({ ok: true });
      expect(await holder.lock('ann on laptop,\nrun 7', 5000)).toEqual({ ok: true });
      const second = await subject.open();
      expect(await second.lock('bob', 5000)).toEqual({ ok: false, holder: 'ann on laptop, run 7' });
      await second.close();
      // A daemon that a script started must not keep the lock.
      const started = Date.now();
      await holder.run('sleep 8 &', PLENTY);
      const dropped = holder.run('sleep 304', PLENTY).catch((error: unknown) => error);
      subject.drop(holder);
      expect(await dropped).toBeInstanceOf(ConnectionDropped);
      await holder.close();
      const next = await subject.open();
      let answer = await next.lock('bob', 5000);
      while (!answer.ok && Date.now() - started < 6000) answer = await next.lock('bob', 5000);
      expect(answer).toEqual({ ok: true });
      await next.close();
    });
  });
}

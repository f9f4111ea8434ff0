import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalTransport, type LocalSession } from './local.ts';
import { bootCommand, remoteLoop } from '../../src/transport/remote-loop.ts';
import type { LockAnswer, Session, Transport } from '../../src/transport/session.ts';
import { createSshTransport } from '../../src/transport/ssh.ts';
import { aHost } from '../support/inventory.ts';
import { becomes, lives } from './processes.ts';
import { startSshd, type Sshd } from './sshd.ts';

const PLENTY = { timeoutMs: 60_000 };
const CONNECT = { timeoutMs: 30_000, acceptNew: false };
/** Generous: a busy machine is not a failure. */
const WITHIN_MS = 120_000;
const HELD_BY_ANN: LockAnswer = { ok: false, holder: 'ann' };

let sshd: Sshd;
let transport: Transport;
const sessions: Session[] = [];

beforeAll(async () => {
  sshd = await startSshd();
  // A loop without heartbeats ends within 6 s.
  transport = createSshTransport({ liveness: { intervalMs: 500, missed: 3 } });
});
afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()));
  await transport?.close();
  await sshd?.stop();
});

async function open(): Promise<Session> {
  const { port, identity, knownHosts } = sshd;
  const host = aHost('loopback', {
    address: '127.0.0.1',
    ssh: { user: 'root', port, sudo: false, identity, knownHosts: [knownHosts], jump: [], config: false },
  });
  const session = await transport.connect(host, CONNECT);
  sessions.push(session);
  return session;
}

/** The process of a session's loop. */
async function loopPid(session: Session): Promise<number> {
  // The script's parent is the subshell that waits for it; the loop is the parent of that.
  const script = `read -r stat </proc/$PPID/stat; set -- \${stat##*) }; echo "$2"`;
  return Number((await session.run(script, PLENTY)).stdout);
}

/** Starts a script that runs until it is killed; returns its process ID. */
async function running(session: Session, script: string): Promise<number> {
  return new Promise((begun) => {
    session
      .run(`echo $$\n${script}`, { ...PLENTY, onOutput: (_, chunk) => begun(Number(chunk)) })
      .catch(() => undefined);
  });
}

async function lockedWithin(session: Session, owner: string, ms: number): Promise<boolean> {
  const until = Date.now() + ms;
  while (!(await session.lock(owner, 10_000)).ok) {
    if (Date.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

describe('the lock of a host', { timeout: 2 * WITHIN_MS }, () => {
  it('is free only when the last shell that holds it has ended', async () => {
    const first = await open();
    const bob = await open();
    expect(await lockedWithin(first, 'ann', WITHIN_MS)).toBe(true);
    const second = await first.openAnother(PLENTY);
    expect(await second.joinLock('ann', 10_000)).toEqual({ ok: true });
    process.kill(await loopPid(first), 'SIGKILL');
    await expect(first.run('true', PLENTY)).rejects.toThrow();
    expect(await bob.lock('bob', 10_000)).toEqual(HELD_BY_ANN);
    expect((await second.run('echo on', PLENTY)).stdout).toBe('on\n');
    await second.close();
    expect(await lockedWithin(bob, 'bob', WITHIN_MS)).toBe(true);
    await bob.close();
  });

  it('outlives a killed loop until its script is gone', async () => {
    const ann = await open();
    const bob = await open();
    expect(await lockedWithin(ann, 'ann', WITHIN_MS)).toBe(true);
    const loop = await loopPid(ann);
    const script = await running(ann, `trap '' TERM; while :; do sleep 0.1; done`);
    process.kill(loop, 'SIGKILL');
    expect(await becomes(() => !lives(loop))).toBe(true);
    expect(await bob.lock('bob', 10_000)).toEqual(HELD_BY_ANN);
    expect(await lockedWithin(bob, 'bob', WITHIN_MS)).toBe(true);
    expect(lives(script)).toBe(false);
    await bob.close();
  });

  it('is not held by a daemon that a script started', async () => {
    const ann = await open();
    expect(await lockedWithin(ann, 'ann', WITHIN_MS)).toBe(true);
    await ann.run('sleep 60 >/dev/null 2>&1 & setsid sleep 60 >/dev/null 2>&1 &', PLENTY);
    await ann.close();
    const bob = await open();
    // Long before they end.
    expect(await lockedWithin(bob, 'bob', 40_000)).toBe(true);
    await bob.close();
  });

  it('passes to a new session of its owner, which makes the earlier one end', async () => {
    const before = await open();
    const further = await before.openAnother(PLENTY);
    expect(await lockedWithin(before, 'ann', WITHIN_MS)).toBe(true);
    await further.joinLock('ann', 10_000);
    const scripts = [await running(before, 'sleep 307'), await running(further, 'sleep 308')];
    const after = await open();
    const asked = Date.now();
    expect(await after.lock('ann', 10_000)).toEqual(HELD_BY_ANN);
    expect(await lockedWithin(after, 'ann', WITHIN_MS)).toBe(true);
    expect(scripts.filter(lives)).toEqual([]);
    expect(Date.now() - asked).toBeLessThan(60_000);
    await after.close();
  });

  it('does not end a session of another owner', async () => {
    const ann = await open();
    const bob = await open();
    expect(await lockedWithin(ann, 'ann', WITHIN_MS)).toBe(true);
    const script = await running(ann, 'sleep 309');
    expect(await bob.lock('bob', 10_000)).toEqual(HELD_BY_ANN);
    expect(await bob.joinLock('bob', 10_000)).toEqual(HELD_BY_ANN);
    expect(lives(script)).toBe(true);
    await Promise.all([ann.close(), bob.close()]);
  });

  it('cannot be joined after another run took it', async () => {
    const ann = await open();
    expect(await lockedWithin(ann, 'ann', WITHIN_MS)).toBe(true);
    const further = await open();
    await ann.close();
    const bob = await open();
    expect(await lockedWithin(bob, 'bob', WITHIN_MS)).toBe(true);
    await bob.close();
    expect(await further.joinLock('ann', 10_000)).toMatchObject({ ok: false });
    await further.close();
  });

  it('is held while the host’s end of a dead connection lives, and is free only after its script has ended', async () => {
    const ann = await open();
    expect(await lockedWithin(ann, 'ann', WITHIN_MS)).toBe(true);
    const script = await running(ann, 'while :; do sleep 0.1; done');
    const thaw = sshd.freeze();
    try {
      const bob = await open();
      let free = false;
      const until = Date.now() + WITHIN_MS;
      while (!free && Date.now() < until) {
        free = (await bob.lock('bob', 10_000)).ok;
        if (free) expect(lives(script)).toBe(false);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(free).toBe(true);
      await bob.close();
    } finally {
      thaw();
    }
  });
});

describe('a host with a full disk', () => {
  const MARK = 'osha-0123456789abcdef';

  /** The answers of a loop to `requests` while these folders are full, in a mount namespace. */
  async function answersWith(full: readonly string[], requests: readonly string[]): Promise<string> {
    const program = remoteLoop({ mark: MARK, quietSeconds: 0 });
    const fill = full.map(
      (folder) =>
        `mount -t tmpfs -o size=16k none ${folder}; dd if=/dev/zero of=${folder}/full bs=1k count=64 2>/dev/null`,
    );
    const command = `${fill.join('\n')}\nexec ${bootCommand(Buffer.byteLength(program))}`;
    const child = spawn('unshare', ['-m', 'sh', '-c', command], { stdio: ['pipe', 'pipe', 'ignore'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdin.on('error', () => undefined).write(program);
    for (const request of requests) {
      const before = said.length;
      child.stdin.write(request);
      await becomes(() => /(end|lock) .*\n/.test(said.slice(before)), 20_000);
    }
    child.stdin.end();
    await ended;
    return said.replaceAll(`\x1e${MARK} `, '');
  }

  it('in /run starts a shell, and reports that its lock cannot be taken', async () => {
    const said = await answersWith(['/run'], ['run 1 8 0\necho hi\ngo\n', 'lock 4\nann\n']);
    expect(said).toContain('hi\n');
    expect(said).toContain('lock failed there is no room for /run/osha.lock\n');
  });

  it('in all places starts none, and reports it', async () => {
    expect(await answersWith(['/run', '/dev/shm', '/tmp'], [])).toContain(
      'refused no folder with room in it can be made in /run, /dev/shm or /tmp\n',
    );
  });
});

describe('the folder of a loop that is killed together with its watchdog', () => {
  it('is removed by the next loop, and those of live loops are not', async () => {
    const local = createLocalTransport();
    const here = (): Promise<LocalSession> => local.connect(aHost('here'), CONNECT);
    const folderOf = async (session: Session): Promise<string> =>
      (await session.run('dirname "$0"', PLENTY)).stdout.trim();
    const [dead, live] = [await here(), await here()];
    const folders = { dead: await folderOf(dead), live: await folderOf(live) };
    process.kill(await loopPid(dead), 'SIGKILL');
    const next = await here();
    const { stdout } = await next.run(`ls -d ${folders.dead} ${folders.live} 2>/dev/null || :`, PLENTY);
    expect(stdout).toBe(`${folders.live}\n`);
    await Promise.all([next.close(), live.close(), dead.close()]);
  });
});

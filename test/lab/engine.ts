import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { noteMachine, restoreMachine } from './machine.ts';
import { CACHE_DIR, ENGINE_LOG, ownEngineLeft, PID_FILE, RUN_DIR, SOCKET } from './paths.ts';
import { step, type Log } from './progress.ts';
import { exists, LabError, must, run, sleep, type Result, type RunOptions } from './run.ts';

const PACKAGES = ['docker.io', 'docker-compose', 'iptables', 'debootstrap'];

/** Runs `docker ARGS` on the lab's own engine if there is one, else on the user's. */
export function docker(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return run('docker', args, { ...options, env: { ...engineEnv(), ...options.env } });
}

/** Like `docker`, but must succeed; returns its stdout. */
export function mustDocker(args: readonly string[], options: RunOptions = {}): Promise<string> {
  return must('docker', args, { ...options, env: { ...engineEnv(), ...options.env } });
}

/** Runs a shell script as root in a container and returns its result, even on failure. After `timeoutMs` it stops waiting. */
export function runIn(
  container: string,
  script: string,
  options: Pick<RunOptions, 'timeoutMs'> = {},
): Promise<Result> {
  return docker(['exec', '-i', container, 'bash', '-s'], { ...options, input: script });
}

/** The environment with which docker and docker-compose find the engine. */
export function engineEnv(): Record<string, string> {
  // Debian's docker has no buildx; the classic builder does what the lab needs.
  return { DOCKER_BUILDKIT: '0', ...(ownEngineLeft() ? { DOCKER_HOST: `unix://${SOCKET}` } : {}) };
}

/** Whether an engine answers. */
export async function engineAnswers(): Promise<boolean> {
  return (await docker(['version', '--format', '{{.Server.Version}}'], { timeoutMs: 10_000 })).exitCode === 0;
}

/** Ensures that an engine answers: the user's own, or one installed and started here. */
export async function ensureEngine(log: Log): Promise<void> {
  if (await engineAnswers()) return;
  const why = await whyNotHere();
  if (why !== undefined) {
    throw new LabError(
      `no Docker engine answers, and the lab cannot start one: ${why}`,
      'Install and start Docker (with compose), then try again. `docker info` must work.',
    );
  }
  await installMissing(log);
  // On a machine with an init system, the package has started its own engine.
  if (!ownEngineLeft() && (await engineAnswers())) return;
  await startEngine(log);
}

/** Stops the engine if the lab started it, and restores what it changed on this machine. Keeps images unless `purge`. */
export async function stopEngine(log: Log, purge: boolean): Promise<void> {
  const pid = enginePid();
  if (pid !== undefined) {
    await step(log, "stopping the lab's Docker engine", async () => {
      process.kill(pid, 'SIGTERM');
      for (let tries = 0; enginePid() !== undefined; tries++) {
        if (tries > 300) throw new LabError(`dockerd (process ${pid}) does not exit`, `See ${ENGINE_LOG}.`);
        await sleep(100);
      }
    });
  }
  if (existsSync(RUN_DIR)) {
    await restoreMachine();
    await unmountBelow(RUN_DIR);
    rmSync(RUN_DIR, { recursive: true, force: true });
  }
  // A killed engine leaves its folder bind-mounted on itself.
  await unmountBelow(CACHE_DIR);
  if (purge && existsSync(CACHE_DIR)) {
    log(`removing the images and everything else in ${CACHE_DIR}`);
    await must('rm', ['-rf', '--one-file-system', CACHE_DIR]);
  }
}

/** The process of the lab's own engine, if it runs. An engine that exits removes its PID file at any time. */
export function enginePid(): number | undefined {
  const pid = textOf(PID_FILE);
  // The PID may have been reused.
  return pid !== undefined && textOf(`/proc/${pid.trim()}/cmdline`)?.includes(PID_FILE)
    ? Number(pid)
    : undefined;
}

/** A file's text, or empty if it is missing. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether the lab's own engine, not running now, still has hosts. */
export function hostsLeft(): boolean {
  const folder = join(CACHE_DIR, 'docker', 'containers');
  return existsSync(folder) && readdirSync(folder).length > 0;
}

async function whyNotHere(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'that takes Linux';
  if (process.getuid?.() !== 0) return 'that takes root';
  if (!(await exists('apt-get')) && !(await exists('dockerd'))) return 'that takes Debian or Ubuntu';
  return undefined;
}

async function installMissing(log: Log): Promise<void> {
  const commands = ['dockerd', 'docker', 'iptables', 'debootstrap'];
  const missing = (await Promise.all(commands.map(exists))).includes(false) || !(await composeCommand());
  if (!missing) return;
  await step(log, `no Docker engine here: installing ${PACKAGES.join(', ')} with apt-get`, async (onLine) => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await must('apt-get', ['update'], { env, onLine });
    await must('apt-get', ['install', '-y', '--no-install-recommends', ...PACKAGES], { env, onLine });
  });
}

/** The compose command of this machine: `docker compose` or `docker-compose`. */
export async function composeCommand(): Promise<readonly string[] | undefined> {
  if ((await run('docker', ['compose', 'version'])).exitCode === 0) return ['docker', 'compose'];
  return (await exists('docker-compose')) ? ['docker-compose'] : undefined;
}

async function startEngine(log: Log): Promise<void> {
  // Left behind by a killed engine.
  rmSync(SOCKET, { force: true });
  rmSync(PID_FILE, { force: true });
  mkdirSync(RUN_DIR, { recursive: true });
  mkdirSync(CACHE_DIR, { recursive: true });
  await noteMachine();
  await step(log, `no Docker engine answers: starting one for the lab (images in ${CACHE_DIR})`, async () => {
    const output = openSync(ENGINE_LOG, 'w');
    const settings = {
      host: `unix://${SOCKET}`,
      pidfile: PID_FILE,
      'data-root': join(CACHE_DIR, 'docker'),
      'exec-root': join(RUN_DIR, 'exec'),
      // Each host's systemd needs its own cgroup tree.
      'default-cgroupns-mode': 'private',
      // The lab has its own network.
      bridge: 'none',
    };
    const args = Object.entries(settings).map(([key, value]) => `--${key}=${value}`);
    const child = spawn('dockerd', args, { cwd: '/', detached: true, stdio: ['ignore', output, output] });
    let ended = false;
    child.on('exit', () => (ended = true)).on('error', () => (ended = true));
    child.unref();
    for (let tries = 0; !(ownEngineLeft() && (await engineAnswers())); tries++) {
      if (ended || tries > 150) {
        const said = existsSync(ENGINE_LOG)
          ? readFileSync(ENGINE_LOG, 'utf8').trim().split('\n').slice(-5)
          : [];
        await stopEngine(log, false);
        throw new LabError(`dockerd did not start:\n  ${said.join('\n  ')}`, `Its log: ${ENGINE_LOG}.`);
      }
      await sleep(200);
    }
  });
}

/** Unmounts everything below a folder, so that removing it deletes nothing else. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const points = mounts
    .flatMap((line) => line.split(' ')[1] ?? [])
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points.reverse()) await run('umount', ['-l', point]);
}

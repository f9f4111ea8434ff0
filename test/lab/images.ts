import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianMirror, writeMachineFiles } from './apt.ts';
import { compose } from './compose.ts';
import { docker, mustDocker } from './engine.ts';
import { COMPOSE_FILE, IMAGE_DIR, LAB_DIR } from './paths.ts';
import { step, type Log } from './progress.ts';
import { exists, LabError, must } from './run.ts';

/**
 * `bare`: Debian with sshd. `baked`: with the packages of the base systems. `openstack`: with OpenStack's packages too.
 * Nothing is configured or running.
 */
export const STAGES = ['bare', 'baked', 'openstack'] as const;
export type Stage = (typeof STAGES)[number];

const BASE = 'debian:12';

/** The image of a stage. */
export function imageOf(stage: Stage): string {
  return `osha-lab:${stage}`;
}

/** Builds a stage's image, reusing unchanged layers. */
export async function ensureImage(stage: Stage, log: Log): Promise<void> {
  await ensureBase(log);
  const context = join(LAB_DIR, 'image');
  rmSync(context, { recursive: true, force: true });
  // The builder's cache ignores file times, so a copy works as well as the folder itself.
  cpSync(IMAGE_DIR, context, { recursive: true });
  await writeMachineFiles(join(context, 'machine'));
  const known = await hasImage(imageOf(stage));
  const what = known
    ? `checking the ${stage} image`
    : `building the ${stage} image (packages come from Debian)`;
  await step(log, what, async (tell) => {
    await compose(['build', 'controller1'], {
      file: COMPOSE_FILE,
      project: 'osha-lab',
      env: { LAB_STAGE: stage, LAB_CONTEXT: context },
      onLine: tell,
    });
  });
}

async function hasImage(name: string): Promise<boolean> {
  return (await docker(['image', 'inspect', name])).exitCode === 0;
}

async function ensureBase(log: Log): Promise<void> {
  if (await hasImage(BASE)) return;
  const pulled = await step(log, `pulling ${BASE}`, () =>
    docker(['pull', '-q', BASE], { timeoutMs: 60_000 }),
  );
  if (pulled.exitCode === 0) return;
  log('  not available from a registry');
  if (process.getuid?.() !== 0 || !(await exists('debootstrap'))) {
    throw new LabError(
      `no ${BASE} image, and it cannot be built here`,
      'Make `docker pull debian:12` work, or run as root on Debian with debootstrap installed.',
    );
  }
  await step(log, `making ${BASE} with debootstrap instead (about a minute)`, async (tell) => {
    const folder = mkdtempSync(join(tmpdir(), 'osha-lab-'));
    try {
      const root = join(folder, 'root');
      const mirror = debianMirror();
      const args = ['--variant=minbase', 'bookworm', root];
      await must('debootstrap', mirror === undefined ? args : [...args, mirror], { onLine: tell });
      await must('rm', ['-rf', join(root, 'var/cache/apt/archives')]);
      const archive = join(folder, 'root.tar');
      await must('tar', ['-C', root, '-cf', archive, '.']);
      await mustDocker(['import', archive, BASE]);
    } finally {
      await must('rm', ['-rf', '--one-file-system', folder]);
    }
  });
}

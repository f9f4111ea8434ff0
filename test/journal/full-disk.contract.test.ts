import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { listRuns, readEvents } from '../../src/journal/runs.ts';
import { folderForTest } from '../support/temporary-folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Starts a run in the folder and records `bytes` of output and a summary; prints what was lost, or the error. */
const PROGRAM = `
  import { createJournal } from ${JSON.stringify(join(ROOT, 'src/journal/journal.ts'))};
  const [inventoryFile, bytes] = process.argv.slice(-2);
  try {
    const journal = createJournal({ inventoryFile, command: 'osha deploy', version: '1' });
    const line = 'x'.repeat(1000);
    for (let told = 0; told < Number(bytes); told += 1000)
      journal.sink({ event: 'output', phase: 'p', step: 's', host: 'h', stream: 'stdout', line });
    const counts = { ok: 1, changes: 0, failed: 0, skipped: 0, unreachable: 0 };
    journal.sink({ event: 'summary', ...counts, durationMs: 1, hosts: {}, interrupted: false });
    console.log('lost: ' + journal.incomplete());
    journal.finish();
  } catch (error) {
    console.log(error.name + ': ' + error.message);
  }`;

/** Runs the program after `before`, a line of shell. */
function record(before: string, inventoryFile: string, bytes: number): string {
  const program = join(inventoryFile, '../program.mts');
  writeFileSync(program, PROGRAM);
  const tsx = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs');
  const shell = `${before}\nexec node --import ${tsx} --conditions=osha-source ${program} ${inventoryFile} ${bytes}`;
  const { stdout, stderr } = spawnSync('bash', ['-c', shell], { encoding: 'utf8' });
  return `${stdout}${stderr}`.trim();
}

function inventoryIn(folder: string): string {
  const file = join(folder, 'inventory.yaml');
  writeFileSync(file, 'name: test\n');
  return file;
}

const runsOf = (folder: string): string => join(folder, '.osha/runs');

it('a run is refused before it starts if a record of the usual size does not fit on the disk', () => {
  const folder = folderForTest();
  expect(record('ulimit -f 512', inventoryIn(folder), 0)).toBe(
    `JournalError: cannot record the run in ${runsOf(folder)}: file too large`,
  );
  // And leaves nothing that looks like a run.
  expect(readdirSync(runsOf(folder))).toEqual([]);
});

it('a run continues when its record no longer fits on the disk, and the record says so', () => {
  const folder = folderForTest();
  expect(record('ulimit -f 1100', inventoryIn(folder), 3_000_000)).toBe('lost: file too large');
  const [run] = listRuns(runsOf(folder));
  expect(run).toMatchObject({ state: 'ok', summary: { ok: 1, unrecorded: 'file too large' } });
  const kept = run ? readEvents(run) : [];
  expect(kept.length).toBeGreaterThan(500);
  expect(kept.every((event) => event.event === 'output')).toBe(true);
});

/** Mounts a small disk at `folder` in a mount namespace: needs a kernel that allows this user to. */
const mounting = (folder: string): string => `mount -t tmpfs -o size=2m none ${folder}`;
const mayMount = spawnSync('unshare', ['-rm', 'bash', '-c', mounting('/mnt')]).status === 0;

it.runIf(mayMount)('a run that fills its disk still writes its summary', () => {
  const folder = folderForTest();
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const inside = [
    'set -e',
    mounting(disk),
    `echo "name: test" >${disk}/inventory.yaml; cp ${folder}/program.mts ${disk}/`,
    `cd ${disk}`,
  ].join('\n');
  writeFileSync(join(folder, 'program.mts'), PROGRAM);
  const tsx = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs');
  const script = `${inside}
node --import ${tsx} --conditions=osha-source program.mts inventory.yaml 3000000
cp -r .osha ${folder}/copy
rm -rf .osha/runs/*/events.jsonl; rm -rf .osha
head -c 1500000 /dev/zero >filler
node --import ${tsx} --conditions=osha-source program.mts inventory.yaml 0`;
  const { stdout } = spawnSync('unshare', ['-rm', 'bash', '-c', script], { encoding: 'utf8' });
  expect(stdout).toBe(
    'lost: no space left on device\n' +
      'JournalError: cannot record the run in .osha/runs: no space left on device\n',
  );
  const [run] = listRuns(join(folder, 'copy/runs'));
  expect(run).toMatchObject({ state: 'ok', summary: { unrecorded: 'no space left on device' } });
  expect(run && readEvents(run).at(-1)).toMatchObject({ event: 'summary' });
  expect(run && statSync(run.log).size).toBeGreaterThan(1_000_000);
  expect(run && existsSync(join(run.folder, 'reserve'))).toBe(false);
});

import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createJournal } from '../../../src/journal/journal.ts';
import { FILES } from '../../../src/journal/record.ts';
import type { RunEvent } from '../../../src/runner/events.ts';
import { refusedRun, troubledRun } from '../../render/events.ts';
import { folderForTest } from '../../support/temporary-folder.ts';
import { osha, type CliResult } from '../run-cli.ts';

let folder: string;
beforeEach(() => {
  folder = folderForTest();
  writeFileSync(join(folder, 'inventory.yaml'), 'name: test\n');
});

const run = (...args: readonly string[]): Promise<CliResult> => osha(folder, ...args);
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

/** Records a run. Without a summary, it is one that was killed, in the middle of a line. */
function record(events: readonly RunEvent[], day: number, isKilled = false): void {
  const journal = createJournal({
    inventoryFile: join(folder, 'inventory.yaml'),
    command: 'osha deploy inventory.yaml',
    version: '1',
    now: () => new Date(Date.UTC(2026, 10, day)),
  });
  for (const event of events) journal.sink(event);
  journal.finish();
  if (!isKilled) return;
  appendFileSync(journal.log, '{"time":"2026-');
  const meta = join(journal.folder, FILES.meta);
  writeFileSync(meta, readFileSync(meta, 'utf8').replace(/"pid": \d+/, '"pid": 4194305'));
}

describe('osha show --html', () => {
  it('writes a page about the last run, for the user alone, and says where on stderr', async () => {
    record(troubledRun(), 1);
    record(refusedRun(), 2);
    const { exitCode, stdout, stderr } = await run('show', 'last', '--html', 'report.html');
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: 'wrote report.html\n' });
    expect(read('report.html')).toContain('c3 is unreachable and may hold newer data');
    expect(read('report.html')).not.toContain('inconsistent_cluster');
    expect(statSync(join(folder, 'report.html')).mode & 0o777).toBe(0o600);
  });

  it('replaces a page that is there', async () => {
    record(troubledRun(), 1);
    writeFileSync(join(folder, 'report.html'), 'old');
    expect((await run('show', '20261101', 'inventory.yaml', '--html', 'report.html')).exitCode).toBe(0);
    expect(read('report.html')).toMatch(/^<!doctype html>/);
  });

  it('writes a page about a run that was killed', async () => {
    record(troubledRun().slice(0, 9), 1, true);
    expect((await run('show', 'last', '--html', 'report.html')).exitCode).toBe(0);
    expect(read('report.html')).toContain('It was in RabbitMQ cluster: Install the broker');
  });

  it.each([
    ['in a folder that does not exist', 'away/report.html', 'no such file or folder'],
    ['below a file', 'inventory.yaml/report.html', 'a part of this path is a file, not a folder'],
    ['that is a folder', 'pages', 'is a folder, not a file'],
    // Where not even root can create a file.
    ['in a folder without permission', '/proc/self/report.html', 'no such file or folder'],
  ])('a file %s is a mistake, with a hint', async (_, file, reason) => {
    record(troubledRun(), 1);
    mkdirSync(join(folder, 'pages'));
    const { exitCode, stdout, stderr } = await run('show', 'last', '--html', file);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^error: \/[^\n]*: [^\n]*\nhint: check the path, its owner and its mode\n$/);
    expect(stderr).toContain(`${file.split('/').at(-1) ?? ''}: ${reason}`);
  });

  it('prints no JSON as well', async () => {
    record(troubledRun(), 1);
    const { exitCode, stderr } = await run('show', 'last', '--html', 'report.html', '--json');
    expect(exitCode).toBe(2);
    expect(stderr).toContain("option '--html <file>' cannot be used with option '--json'");
  });

  it('writes nothing where there is no such run', async () => {
    record(troubledRun(), 1);
    expect(await run('show', 'ffff', '--html', 'report.html')).toMatchObject({
      exitCode: 2,
      stderr: 'error: there is no run "ffff"\nhint: list them: osha history\n',
    });
  });
});

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createJournal, JournalError, type Journal } from '../../src/journal/journal.ts';
import { FILES, runsFolder, newRunId } from '../../src/journal/record.ts';
import { listRuns, readEvents } from '../../src/journal/runs.ts';
import { osha } from '../cli/run-cli.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import { changed, hostFinished, stepStarted, summary, troubledRun } from '../render/events.ts';
import { folderForTest } from '../support/temporary-folder.ts';

let folder: string;
let inventoryFile: string;

beforeEach(() => {
  folder = folderForTest();
  inventoryFile = join(folder, 'inventory.yaml');
  writeFileSync(inventoryFile, 'name: test\n');
});

function begin(options: { mask?: (text: string) => string; now?: () => Date } = {}): Journal {
  return createJournal({
    inventoryFile,
    command: 'osha deploy inventory.yaml',
    version: '1.2.3',
    ...options,
  });
}

/** Makes the record that of a process that no longer exists. */
function belongToADeadProcess({ folder: run }: Journal): void {
  const meta = join(run, FILES.meta);
  writeFileSync(meta, readFileSync(meta, 'utf8').replace(/"pid": \d+/, '"pid": 4194305'));
}

/** Events up to the middle of a change: c1 is done, c2 was stopped and joins, c3 waits. */
function joining(): readonly RunEvent[] {
  const place = { phase: 'rabbitmq', step: 'join-the-cluster' };
  const stop = 'stop the broker of c2';
  return [
    ...troubledRun().filter(
      (event) => !('step' in event && event.step === place.step) && !ENDS.includes(event.event),
    ),
    stepStarted(place.phase, place.step, 'Join the cluster', ['c1', 'c2', 'c3']),
    ...['c1', 'c2', 'c3'].map((host): RunEvent => ({ event: 'host-started', ...place, host })),
    hostFinished(place.phase, place.step, 'c1', 'ok'),
    changed(place.phase, place.step, 'c2', stop),
    { event: 'change-finished', ...place, host: 'c2', summary: stop, done: true, durationMs: 5 },
    changed(place.phase, place.step, 'c2', 'join rabbit@c1'),
  ];
}

const ENDS: readonly RunEvent['event'][] = ['phase-finished', 'summary'];

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('the record of a run', () => {
  it('has all events, the command, its user and its end', () => {
    const events = troubledRun();
    const journal = begin({ now: () => new Date('2026-11-21T14:22:33Z') });
    for (const event of events) journal.sink(event);
    journal.finish();

    const [run] = listRuns(runsFolder(inventoryFile));
    expect(run).toMatchObject({
      id: journal.id,
      state: 'failed',
      summary: events.at(-1),
      meta: {
        startedAt: '2026-11-21T14:22:33.000Z',
        command: 'osha deploy inventory.yaml',
        version: '1.2.3',
        inventory: inventoryFile,
        inventorySha256: 'b4b785ee519ceb6a284f99c1ec3b7874e75a8aa8630b7516cb7ea1e49db99087',
      },
    });
    const time = '2026-11-21T14:22:33.000Z';
    expect(run && readEvents(run)).toEqual(events.map((event) => ({ time, ...event })));
  });

  it('is readable only by its owner', () => {
    const journal = begin();
    journal.sink(summary({}));
    journal.finish();
    expect(modeOf(journal.folder)).toBe(0o700);
    expect(modeOf(join(folder, '.osha'))).toBe(0o700);
    for (const file of Object.values(FILES)) expect(modeOf(join(journal.folder, file))).toBe(0o600);
  });

  it('has no secrets, even if an event or the command line had them', () => {
    const mask = (text: string): string => text.replaceAll('hunter2', '<secret admin>');
    const journal = createJournal({
      inventoryFile,
      command: 'osha exec x -- echo hunter2',
      version: '1',
      mask,
    });
    journal.sink({
      event: 'host-finished',
      phase: 'p',
      step: 's',
      host: 'h',
      outcome: 'failed',
      durationMs: 1,
      failure: { message: 'no', output: 'Access denied (hunter2)' },
    });
    journal.sink(summary({}, { refused: 'hunter2 is wrong' }));
    journal.finish();
    for (const file of readdirSync(journal.folder)) {
      const text = readFileSync(join(journal.folder, file), 'utf8');
      expect(text).not.toContain('hunter2');
      expect(text).toContain('<secret admin>');
    }
  });

  it('is complete up to the point where a run was killed', () => {
    const journal = begin();
    const events = troubledRun().slice(0, 5);
    for (const event of events) journal.sink(event);
    // Killed in the middle of a line.
    appendFileSync(journal.log, '{"time":"2026-');
    belongToADeadProcess(journal);

    const [run] = listRuns(runsFolder(inventoryFile));
    expect(run?.state).toBe('interrupted');
    expect(run?.summary).toBeUndefined();
    expect(run && readEvents(run)).toHaveLength(5);
    journal.finish();
  });

  it.each<[string, boolean, readonly string[]]>([
    [
      'was killed says which step it was in, and which change on which host',
      true,
      [
        'It was in:',
        '  RabbitMQ cluster: Join the cluster',
        '    c2: join rabbit@c1 (started, not finished)',
        '    c3: no change running',
        '    resume with: osha deploy lab.yaml --from rabbitmq:join-the-cluster',
        '',
        'The run ended without a summary: it was killed, or its end could not be recorded.',
      ],
    ],
    [
      'still goes on says the same of now',
      false,
      [
        'It is in:',
        '  RabbitMQ cluster: Join the cluster',
        '    c2: join rabbit@c1 (started, not finished)',
        '    c3: no change running',
        '',
        'The run has not ended yet.',
      ],
    ],
  ])('of a run that %s', async (_, isKilled, expected) => {
    const journal = begin({ now: () => new Date('2026-11-21T14:22:33Z') });
    for (const event of joining()) journal.sink(event);
    if (isKilled) belongToADeadProcess(journal);
    const { stdout } = await osha(folder, 'show', 'last');
    const lines = stdout.split('\n');
    expect(lines).toContain('last recorded at 2026-11-21T14:22:33.000Z');
    // The earlier changes of that step are listed too.
    expect(lines).toContain('    changed c2: stop the broker of c2');
    expect(lines).toContain('    began c2: join rabbit@c1');
    const start = lines.indexOf(expected[0] ?? '');
    expect(lines.slice(start, start + expected.length)).toEqual(expected);
    journal.finish();
  });

  it('shows that a run was killed before its first step', async () => {
    const journal = begin();
    for (const event of troubledRun().slice(0, 3)) journal.sink(event);
    belongToADeadProcess(journal);
    expect((await osha(folder, 'show', 'last')).stdout).toContain('\nIt was in no step.\n');
    journal.finish();
  });

  it('shows that a run is still running', () => {
    const journal = begin();
    expect(listRuns(runsFolder(inventoryFile))[0]?.state).toBe('running');
    journal.finish();
  });
});

describe('a run that cannot be recorded', () => {
  it.each([
    ['is a file', () => writeFileSync(join(folder, '.osha'), '')],
    // Where not even root can create a folder.
    ['is not writable', () => symlinkSync('/proc/self', join(folder, '.osha'))],
  ])('is refused before it starts if its folder %s, with the folder and a hint', (_, prepare) => {
    prepare();
    let thrown: unknown;
    try {
      begin();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(JournalError);
    expect(thrown).toMatchObject({
      message: expect.stringMatching(/^cannot record the run in \S+\/\.osha\/runs: \w+/) as string,
      hint: expect.stringContaining(`ls -ld ${folder} `) as string,
    });
  });

  it('continues if its record fails meanwhile, and the record says so', () => {
    const journal = begin();
    journal.sink(troubledRun()[0] ?? summary({}));
    expect(journal.incomplete()).toBeUndefined();
    rmSync(journal.folder, { recursive: true });
    for (const event of troubledRun()) journal.sink(event);
    expect(journal.incomplete()).toBe('no such file or directory');
    journal.finish();
  });

  it('is listed as incomplete if its summary could still be written', async () => {
    const journal = begin();
    journal.sink(summary({}, { unrecorded: 'no space left on device' }));
    journal.finish();
    const listed = await osha(folder, 'history');
    expect(listed.stdout).toContain('ok, record incomplete ');
    const shown = await osha(folder, 'show', 'last');
    expect(shown.stdout).toContain('incomplete record: no space left on device\n');
    expect(shown.stdout).toMatch(/events\.jsonl, incomplete: no space left on device\n$/);
  });

  it('reserves disk space for its summary only while it runs', () => {
    const journal = begin();
    expect(statSync(join(journal.folder, 'reserve')).size).toBe(64 * 1024);
    journal.finish();
    expect(existsSync(join(journal.folder, 'reserve'))).toBe(false);
  });
});

describe('the records of an inventory', () => {
  it('are listed latest first, and at most 200 are kept', () => {
    const first = begin({ now: () => new Date(Date.UTC(2026, 0, 1)) });
    first.finish();
    // The records of 199 runs on the following days.
    const meta = readFileSync(join(first.folder, FILES.meta), 'utf8');
    for (let day = 1; day < 200; day += 1) {
      const startedAt = new Date(Date.UTC(2026, 0, 1 + day));
      const id = newRunId(startedAt);
      const known = { ...(JSON.parse(meta) as object), id, startedAt: startedAt.toISOString() };
      mkdirSync(join(first.folder, '..', id));
      writeFileSync(join(first.folder, '..', id, FILES.meta), JSON.stringify(known));
    }
    for (let day = 200; day < 202; day += 1) {
      const journal = begin({ now: () => new Date(Date.UTC(2026, 0, 1 + day)) });
      journal.sink(summary({}));
      journal.finish();
    }
    const runs = listRuns(runsFolder(inventoryFile));
    expect(runs).toHaveLength(200);
    expect(runs[0]?.meta.startedAt).toBe('2026-07-21T00:00:00.000Z');
    expect(runs.at(-1)?.meta.startedAt).toBe('2026-01-03T00:00:00.000Z');
  });

  it('are read as far as possible while another run deletes them', () => {
    const journal = begin();
    for (const event of troubledRun()) journal.sink(event);
    journal.finish();
    const [run] = listRuns(runsFolder(inventoryFile));
    rmSync(journal.folder, { recursive: true });
    expect(run && readEvents(run)).toEqual([]);
  });

  it('are none before the first run, and a broken one does not hide the others', () => {
    expect(listRuns(runsFolder(inventoryFile))).toEqual([]);
    const broken = begin();
    broken.finish();
    begin().finish();
    writeFileSync(join(broken.folder, FILES.meta), '{"id":');
    expect(listRuns(runsFolder(inventoryFile))).toHaveLength(1);
  });

  it.each<[string, (folder: string) => void, number]>([
    ['meta.json is empty', (run) => writeFileSync(join(run, FILES.meta), ''), 1],
    ['meta.json has another form', (run) => writeFileSync(join(run, FILES.meta), '[null]'), 1],
    [
      'meta.json lacks who ran it',
      (run) => writeFileSync(join(run, FILES.meta), '{"id":"x","startedAt":"y"}'),
      1,
    ],
    ['meta.json is a folder', (run) => (rmSync(join(run, FILES.meta)), mkdirSync(join(run, FILES.meta))), 1],
    ['summary.json is a number', (run) => writeFileSync(join(run, FILES.summary), '5'), 2],
    ['summary.json has no counts', (run) => writeFileSync(join(run, FILES.summary), '{"hosts":null}'), 2],
    [
      'summary.json is a folder',
      (run) => (rmSync(join(run, FILES.summary)), mkdirSync(join(run, FILES.summary))),
      2,
    ],
    [
      'events are of no known form',
      (run) =>
        appendFileSync(
          join(run, FILES.events),
          '{"event":"phase-finished","time":"x"}\n{"event":"summary","time":"x"}\n{"event":"findings","time":"x","findings":7}\n',
        ),
      2,
    ],
  ])('are all shown by history except damaged ones if %s', async (_what, damage, shown) => {
    const runs = [begin(), begin()];
    for (const journal of runs) {
      for (const event of troubledRun()) journal.sink(event);
      journal.finish();
    }
    const [first, second] = runs;
    damage(first?.folder ?? '');
    const { exitCode, stdout } = await osha(folder, 'history', 'inventory.yaml', '--json');
    expect(exitCode).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(shown);
    expect((await osha(folder, 'history', 'inventory.yaml')).exitCode).toBe(0);
    expect((await osha(folder, 'show', second?.id ?? '', 'inventory.yaml')).exitCode).toBe(0);
    if (shown === 2) expect((await osha(folder, 'show', first?.id ?? '', 'inventory.yaml')).exitCode).toBe(0);
  });

  it.each([
    ['ok', {}, {}],
    ['failed', { failed: 1 }, {}],
    ['unreachable', { unreachable: true }, {}],
    ['refused', { failed: 1 }, { refused: 'no quorum' }],
    ['interrupted', { failed: 1 }, { interrupted: true }],
  ])('have the state "%s" by the end of the run', (state, host, more) => {
    const journal = begin();
    journal.sink(summary({ h: host }, more));
    journal.finish();
    expect(listRuns(runsFolder(inventoryFile))[0]?.state).toBe(state);
  });
});

it('names of runs sort by time', () => {
  const ids = [3, 1, 2].map((second) => newRunId(new Date(Date.UTC(2026, 10, 21, 14, 22, second))));
  expect(ids[0]).toMatch(/^20261121-142203-[0-9a-f]{4}$/);
  expect(ids.toSorted().map((id) => id.slice(13, 15))).toEqual(['01', '02', '03']);
});

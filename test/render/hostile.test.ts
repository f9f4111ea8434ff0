import { describe, expect, it } from 'vitest';
import { findingsTable } from '../../src/render/findings.ts';
import { createColors, forTerminal, GuardedOutput } from '../../src/render/output.ts';
import { createRenderer, type Renderer, type RendererKind } from '../../src/render/renderer.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import { ALL_HOSTILE, HOSTILE, LIVE, madeHostile } from '../support/hostile.ts';
import { summary } from './events.ts';
import { listening } from './output.ts';
import { Terminal } from './terminal.ts';

const AT = { phase: 'p', step: 's' };
const FAILURE = { message: 'no', hint: 'do', output: 'it\nsaid' };

/** One of each kind, in an order in which they can come: a new kind of event has to be added here. */
const RUN: { readonly [Kind in RunEvent['event']]: Extract<RunEvent, { event: Kind }> } = {
  'run-started': {
    event: 'run-started',
    command: 'osha',
    inventory: 'lab.yaml',
    mode: 'diff',
    phases: ['p'],
    waves: [['p']],
    hosts: ['h'],
  },
  connected: { event: 'connected', host: 'h', durationMs: 1 },
  unreachable: { event: 'unreachable', host: 'h', message: 'away', hint: 'is it up?' },
  rejected: { event: 'rejected', host: 'h', message: 'unfit', hint: 'mend it' },
  warning: { event: 'warning', message: 'beware', host: 'h' },
  'phase-started': { event: 'phase-started', phase: 'p', title: 'P', hosts: ['h'], steps: ['S'] },
  'step-started': { event: 'step-started', ...AT, title: 'S', hosts: ['h'], strategy: 'all' },
  'host-started': { event: 'host-started', ...AT, host: 'h' },
  change: {
    event: 'change',
    ...AT,
    host: 'h',
    summary: 'write it',
    applied: false,
    effects: ['restarts'],
    diff: { path: '/etc/x', before: 'old', after: 'new' },
  },
  'change-finished': {
    event: 'change-finished',
    ...AT,
    host: 'h',
    summary: 'write it',
    done: true,
    durationMs: 5,
  },
  'may-follow': { event: 'may-follow', ...AT, host: 'h', operation: 'Run it', because: 'file:/etc/x' },
  prunable: { event: 'prunable', ...AT, host: 'h', summary: 'remove it' },
  progress: { event: 'progress', ...AT, text: 'waiting' },
  output: { event: 'output', ...AT, host: 'h', stream: 'stdout', line: 'said' },
  evidence: {
    event: 'evidence',
    ...AT,
    because: 'facts',
    evidence: { columns: ['member'], rows: [['m1'], ['m2']] },
  },
  findings: {
    event: 'findings',
    ...AT,
    findings: [{ host: 'h', subject: 'size', healthy: false, evidence: '2 of 3', hint: 'look' }],
  },
  'host-finished': {
    event: 'host-finished',
    ...AT,
    host: 'h',
    outcome: 'failed',
    durationMs: 1,
    note: 'noted',
    failure: FAILURE,
  },
  'step-finished': {
    event: 'step-finished',
    ...AT,
    outcome: 'refused',
    durationMs: 1,
    failure: FAILURE,
  },
  'phase-finished': {
    event: 'phase-finished',
    phase: 'p',
    outcome: 'refused',
    durationMs: 1,
    roundTrips: { h: 1 },
  },
  summary: summary({ h: { failed: 1 } }, { refused: 'quorum', hint: 'wait', unrecorded: 'full' }),
};

/** A smoke test, whose steps have no hosts. */
const SMOKE: readonly RunEvent[] = [
  { ...RUN['run-started'], mode: 'smoke', hosts: [] },
  { ...RUN['phase-started'], hosts: [] },
  { ...RUN['step-started'], hosts: [] },
  RUN.progress,
  { event: 'evidence', ...AT, because: 'not asked' },
  { ...RUN['step-finished'], outcome: 'ok', note: 'noted' },
  RUN['phase-finished'],
];

/** Words that osha itself chooses, and by which events are put in order. */
const FIXED = new Set(['event', 'mode', 'phase', 'step', 'phases', 'waves', 'outcome', 'stream', 'effects']);
/** Names that an inventory has been checked for. */
const NAMES = new Set(['host', 'hosts']);

const hostileEvents = (events: readonly RunEvent[], hostile: string): RunEvent[] =>
  events.map((event) => madeHostile(event, hostile, (key) => FIXED.has(key)));

/** Everything that was written on both outputs, as bytes on the wire. */
async function written(kind: RendererKind, hostile: string, color: boolean): Promise<string> {
  const terminal = kind === 'interactive' ? new Terminal() : undefined;
  const stdout = terminal ? undefined : listening();
  const stderr = listening();
  const options = {
    color,
    verbose: true,
    stdout: stdout ?? new GuardedOutput(terminal ?? stderr),
    stderr,
    log: `log ${hostile}`,
    titles: new Map([['p', `P ${hostile}`]]),
  };
  const run: Renderer = await createRenderer(kind, options);
  for (const event of hostileEvents(Object.values(RUN), hostile)) run.sink(event);
  run.notice(hostile);
  await run.finish();
  const smoke = await createRenderer(kind, options);
  for (const event of hostileEvents(SMOKE, hostile)) smoke.sink(event);
  smoke.notice(hostile);
  smoke.abandon(hostile);
  await smoke.finish();
  return `${stdout?.text() ?? terminal?.written() ?? ''}${stderr.text()}`;
}

describe.each(['plain', 'json', 'interactive'] as const)('as %s, every kind of event', (kind) => {
  it.each(Object.entries(HOSTILE))('that tries to %s does nothing', async (_, [text, live]) => {
    const output = await written(kind, text, false);
    expect(output).not.toContain(live);
    if (kind !== 'interactive') expect(output).not.toMatch(LIVE);
  });

  it('shows osha’s own colours, and no others', async () => {
    const output = await written(kind, '\u001b[35mviolet\u001b[31mFORGED\u001b[0m', true);
    expect(output).not.toContain('\u001b[35m');
    expect(output).not.toContain('\u001b[31mFORGED');
    expect(output.includes('\u001b[31m')).toBe(kind !== 'json');
    // What marks osha's own colours inside never comes out.
    // eslint-disable-next-line no-control-regex -- these are what is looked for
    expect(output).not.toMatch(/\u001b\[\d+;[\d;]*m/);
  });
});

describe('the output of a host', () => {
  it('cannot add a line that looks like another host’s', async () => {
    const stdout = listening();
    const stderr = listening();
    const options = { color: false, verbose: true, stdout, stderr };
    const [run, smoke] = [await createRenderer('plain', options), await createRenderer('plain', options)];
    const hostile = 'x\nunreachable h2: FORGED';
    const keep = (key: string): boolean => FIXED.has(key) || NAMES.has(key);
    for (const event of Object.values(RUN)) run.sink(madeHostile<RunEvent>(event, hostile, keep));
    await run.finish();
    for (const event of SMOKE) smoke.sink(madeHostile<RunEvent>(event, hostile, keep));
    const output = stdout.text() + stderr.text();
    expect(output).toContain('FORGED');
    expect(output).not.toMatch(/^unreachable h2/m);
  });

  it('is escaped in a cell, so that columns stay aligned', () => {
    const table = findingsTable(
      [
        {
          title: 'Galera',
          findings: [{ subject: 'size', host: 'a', healthy: true, evidence: ALL_HOSTILE }],
          advice: [],
        },
      ],
      { colors: createColors(false) },
    );
    expect(table.split('\n')).toHaveLength(4);
    expect(forTerminal(table)).toBe(table);
  });
});

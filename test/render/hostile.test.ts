import { describe, expect, it } from 'vitest';
import { findingsTable } from '../../src/render/findings.ts';
import { createColors, forTerminal, GuardedOutput } from '../../src/render/output.ts';
import { createRenderer, type Renderer, type RendererKind } from '../../src/render/renderer.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import { ALL_HOSTILE, HOSTILE, LIVE, madeHostile } from '../support/hostile.ts';
import { FIXED, NAMES, RUN, SMOKE } from './every-event.ts';
import { listening } from './output.ts';
import { Terminal } from './terminal.ts';

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

import { describe, expect, it } from 'vitest';
import type { CloudEvent } from '../../src/cloud/events.ts';
import { createPartsRenderer, type PartsRendererOptions } from '../../src/render/parts.ts';
import { GuardedOutput } from '../../src/render/output.ts';
import type { RendererKind } from '../../src/render/renderer.ts';
import { listening } from './output.ts';
import { Terminal } from './terminal.ts';

const ROUND: readonly CloudEvent[] = [
  {
    event: 'smoke-started',
    cloud: 'prod',
    run: 'abcdefgh',
    parts: [
      { part: 'login', title: 'Log in' },
      { part: 'image', title: 'Upload an image' },
      { part: 'server', title: 'Boot a server' },
      { part: 'cleanup', title: 'Remove everything' },
    ],
  },
  { event: 'part-started', part: 'login', title: 'Log in' },
  { event: 'progress', part: 'login', text: 'asking for a token' },
  { event: 'part-finished', part: 'login', outcome: 'ok', durationMs: 300, note: 'one service' },
  { event: 'part-started', part: 'image', title: 'Upload an image' },
  { event: 'remark', part: 'image', text: 'Glance on c2 was not asked' },
  {
    event: 'part-finished',
    part: 'image',
    outcome: 'failed',
    durationMs: 12_000,
    note: '',
    failure: { message: 'image: no \u001b[31mroom', hint: 'make some', service: 'image' },
  },
  {
    event: 'part-finished',
    part: 'server',
    outcome: 'skipped',
    durationMs: 0,
    note: 'it needs: Upload an image',
  },
  { event: 'part-started', part: 'cleanup', title: 'Remove everything' },
  { event: 'part-finished', part: 'cleanup', outcome: 'ok', durationMs: 1_000, note: '1 of 1 are gone' },
];

async function shown(
  kind: RendererKind,
  options: Partial<PartsRendererOptions> = {},
): Promise<{ stdout: string; stderr: string }> {
  const stdout = listening();
  const stderr = listening();
  const renderer = await createPartsRenderer(kind, {
    color: false,
    verbose: false,
    stdout,
    stderr,
    ...options,
  });
  for (const event of ROUND) renderer.sink(event);
  await renderer.finish();
  return { stdout: stdout.text(), stderr: stderr.text() };
}

describe('a smoke test', () => {
  it('is told in plain lines, and nothing of a service reaches the terminal as a command', async () => {
    const { stdout, stderr } = await shown('plain');
    expect(stderr).toBe('');
    expect(stdout).toBe(`Smoke test of prod, run abcdefgh
  Log in: ok, 0.3 s: one service
  note: Glance on c2 was not asked
  Upload an image: failed, 12 s
    image: no room
    hint: make some
  Boot a server: left out: it needs: Upload an image
  Remove everything: ok, 1.0 s: 1 of 1 are gone
`);
  });

  it('tells what it waits for only to those who ask', async () => {
    expect((await shown('plain')).stdout).not.toContain('asking for a token');
    expect((await shown('plain', { verbose: true })).stdout).toContain('    asking for a token\n');
  });

  it('is told as JSON lines', async () => {
    const { stdout } = await shown('json');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(ROUND);
  });

  it('is a list on a terminal, with what went wrong below it, and again for the next round', async () => {
    const stdout = new Terminal();
    const stderr = listening();
    const renderer = await createPartsRenderer('interactive', {
      color: false,
      verbose: false,
      stdout: new GuardedOutput(stdout),
      stderr,
    });
    for (let round = 0; round < 2; round += 1) {
      for (const event of ROUND) renderer.sink(event);
      await renderer.finish();
    }
    expect(stderr.text()).toBe('');
    const lines = stdout.lines();
    const last = lines.slice(lines.lastIndexOf('Smoke test of prod, run abcdefgh'));
    expect(last.filter((line) => /^[✔✖↓] /.test(line)).slice(-4)).toEqual([
      '✔ Log in: ok, 0.3 s: one service',
      '✖ Upload an image: failed, 12 s',
      '↓ Boot a server: left out: it needs: Upload an image',
      '✔ Remove everything: ok, 1.0 s: 1 of 1 are gone',
    ]);
    expect(last.join('\n')).toContain('Upload an image: image: no room\n  hint: make some');
    expect(last.join('\n')).toContain('note: Glance on c2 was not asked');
  });

  it('that is given up leaves the terminal with its last words', async () => {
    const stdout = new Terminal();
    const renderer = await createPartsRenderer('interactive', {
      color: false,
      verbose: false,
      stdout: new GuardedOutput(stdout),
      stderr: listening(),
    });
    for (const event of ROUND.slice(0, 6)) renderer.sink(event);
    renderer.abandon('left behind:\n  image x');
    expect(stdout.lines().join('\n')).toContain('left behind:\n  image x');
    await renderer.finish();
  });
});

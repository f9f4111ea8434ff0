import { describe, expect, it } from 'vitest';
import { GuardedOutput } from '../../src/render/output.ts';
import { createRenderer, type RendererKind, type RendererOptions } from '../../src/render/renderer.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import { summary } from './events.ts';
import { listening } from './output.ts';
import { Terminal } from './terminal.ts';

const at = (step: string): { phase: string; step: string } => ({ phase: 'smoke', step });
const start = (step: string, title: string): RunEvent => ({
  event: 'step-started',
  ...at(step),
  title,
  hosts: [],
  strategy: 'from this machine',
});

const RUN: readonly RunEvent[] = [
  {
    event: 'run-started',
    command: 'osha smoke prod.yaml',
    inventory: 'prod.yaml',
    mode: 'smoke',
    phases: ['smoke'],
    waves: [['smoke']],
    hosts: [],
  },
  {
    event: 'phase-started',
    phase: 'smoke',
    title: 'Smoke test of prod, run abcdefgh',
    hosts: [],
    steps: ['Log in', 'Upload an image', 'Boot a server', 'Remove everything'],
  },
  start('login', 'Log in'),
  { event: 'progress', ...at('login'), text: 'requesting a token' },
  { event: 'step-finished', ...at('login'), outcome: 'ok', durationMs: 300, note: 'one service' },
  start('image', 'Upload an image'),
  { event: 'evidence', ...at('image'), because: 'Glance on c2 was not asked' },
  {
    event: 'step-finished',
    ...at('image'),
    outcome: 'failed',
    durationMs: 12_000,
    failure: { message: 'image: no \u001b[31mroom', hint: 'make some' },
  },
  {
    event: 'step-finished',
    ...at('server'),
    outcome: 'skipped',
    durationMs: 0,
    note: 'it needs: Upload an image',
  },
  start('cleanup', 'Remove everything'),
  { event: 'step-finished', ...at('cleanup'), outcome: 'ok', durationMs: 1_000, note: 'removed 1 of 1' },
  { event: 'phase-finished', phase: 'smoke', outcome: 'failed', durationMs: 13_300, roundTrips: {} },
  { ...summary({}), ok: 2, failed: 1, skipped: 1, durationMs: 13_300 },
];

async function shown(
  kind: RendererKind,
  options: Partial<RendererOptions> = {},
): Promise<{ stdout: string; stderr: string }> {
  const stdout = listening();
  const stderr = listening();
  const renderer = await createRenderer(kind, { color: false, verbose: false, stdout, stderr, ...options });
  for (const event of RUN) renderer.sink(event);
  await renderer.finish();
  return { stdout: stdout.text(), stderr: stderr.text() };
}

describe('a smoke test', () => {
  it('is shown in plain lines, and the words of a service cannot control the terminal', async () => {
    const { stdout, stderr } = await shown('plain');
    expect(stderr).toBe('');
    expect(stdout).toBe(`Smoke test of prod, run abcdefgh
  Log in: ok, 0.3 s: one service
  Upload an image: failed, 12 s
    Glance on c2 was not asked
    failed: image: no room
      hint: make some
  Boot a server: skipped: it needs: Upload an image
  Remove everything: ok, 1.0 s: removed 1 of 1

Smoke test of prod, run abcdefgh: Upload an image
  failed: image: no room
    hint: make some

1 failed: 2 steps ok, 1 skipped, 13 s
`);
  });

  it('shows what it waits for only with --verbose', async () => {
    expect((await shown('plain')).stdout).not.toContain('requesting a token');
    expect((await shown('plain', { verbose: true })).stdout).toContain('    requesting a token\n');
  });

  it('is shown as a live list on a terminal, with its failures below', async () => {
    const stdout = new Terminal();
    const stderr = listening();
    const options = { color: false, verbose: false, stdout: new GuardedOutput(stdout), stderr };
    const renderer = await createRenderer('interactive', options);
    for (const event of RUN) renderer.sink(event);
    await renderer.finish();
    expect(stderr.text()).toBe('');
    const text = stdout.lines().join('\n');
    expect(text).toContain('Log in: ok, 0.3 s: one service');
    expect(text).toContain('Upload an image: failed, 12 s');
    expect(text).toContain('Boot a server: skipped: it needs: Upload an image');
    expect(text).toContain('failed: image: no room\n    hint: make some');
    expect(text).toContain('1 failed: 2 steps ok, 1 skipped, 13 s');
    expect(text).not.toContain('Connect to');
  });

  it('that is abandoned leaves its last words on the terminal', async () => {
    const stdout = new Terminal();
    const options = {
      color: false,
      verbose: false,
      stdout: new GuardedOutput(stdout),
      stderr: listening(),
    };
    const renderer = await createRenderer('interactive', options);
    for (const event of RUN.slice(0, 6)) renderer.sink(event);
    renderer.abandon('left behind:\n  image x');
    expect(stdout.lines().join('\n')).toContain('left behind:\n  image x');
    await renderer.finish();
  });
});

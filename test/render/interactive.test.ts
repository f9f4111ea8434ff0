import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { interactiveRenderer } from '../../src/render/interactive.ts';
import { createColors, GuardedOutput } from '../../src/render/output.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import {
  hostFinished,
  phaseFinished,
  phaseStarted,
  runStarted,
  stepFinished,
  stepStarted,
} from './events.ts';

/** A terminal, and the frames that were drawn on it so far. */
class Terminal extends PassThrough {
  readonly isTTY = true;
  readonly columns = 100;
  readonly rows = 40;
  #written = '';

  constructor() {
    super();
    this.on('data', (chunk: Buffer) => (this.#written += chunk.toString()));
  }

  /** Lines of what was drawn, without styles. */
  lines(): readonly string[] {
    return stripVTControlCharacters(this.#written)
      .split('\n')
      .map((line) => line.trimEnd());
  }
}

const HOSTS = ['c1'];

function began(phase: string): readonly RunEvent[] {
  return [
    phaseStarted(phase, phase.toUpperCase(), HOSTS, ['Run']),
    stepStarted(phase, 'run', `Run ${phase}`, HOSTS),
  ];
}

function ended(phase: string, outcome: 'ok' | 'failed'): readonly RunEvent[] {
  return [
    hostFinished(phase, 'run', 'c1', outcome),
    stepFinished(phase, 'run'),
    phaseFinished(phase, outcome),
  ];
}

/** listr2 chooses what it draws by the process's own output, whatever it draws on. */
function onATerminal(): void {
  const before = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY');
  Object.defineProperty(process.stdout, 'isTTY', { value: true, configurable: true, writable: true });
  onTestFinished(() => {
    if (before) Object.defineProperty(process.stdout, 'isTTY', before);
    else Reflect.deleteProperty(process.stdout, 'isTTY');
  });
}

function shown(
  events: readonly RunEvent[],
): ReturnType<typeof interactiveRenderer> & { readonly lines: () => readonly string[] } {
  onATerminal();
  const stdout = new Terminal();
  const list = interactiveRenderer({
    colors: createColors(false),
    stdout: new GuardedOutput(stdout),
    stderr: new GuardedOutput(new Terminal()),
  });
  for (const event of events) list.sink(event);
  return { ...list, lines: () => stdout.lines() };
}

const baseBefore = [
  runStarted(HOSTS, ['base', 'glance', 'nova'], 'apply', [['base'], ['glance', 'nova']]),
  { event: 'connected', host: 'c1', durationMs: 1 } satisfies RunEvent,
  ...began('base'),
];

it('shows parallel phases in one line while they wait, then in a line each', async () => {
  const list = shown(baseBefore);
  await expect.poll(list.lines).toContainEqual(expect.stringMatching(/^\S+ glance, nova$/));
  for (const event of [...ended('base', 'ok'), ...began('glance'), ...began('nova')]) list.sink(event);
  for (const phase of ['glance', 'nova']) {
    await expect.poll(list.lines).toContainEqual(expect.stringMatching(new RegExp(`Run ${phase} `)));
  }
  for (const event of [...ended('nova', 'failed'), ...ended('glance', 'ok')]) list.sink(event);
  await list.finish();
  const last = list.lines();
  expect(last.slice(last.lastIndexOf('✔ Connect to 1 host')).filter((line) => line !== '')).toEqual([
    '✔ Connect to 1 host',
    '✔ BASE  nothing to do · 3.0 s',
    '✔ GLANCE  nothing to do · 3.0 s',
    '✖ NOVA  failed · 3.0 s',
    '  ✖ Run nova  hosts: 1 failed · 2.0 s',
    '    › c1: it failed',
  ]);
});

it('ends even when parallel phases never start', async () => {
  const list = shown([
    ...baseBefore,
    hostFinished('base', 'run', 'c1', 'failed'),
    phaseFinished('base', 'interrupted'),
  ]);
  await list.finish();
  expect(list.lines().join('\n')).toContain('✖ BASE');
});

it('marks a refused step and its phase as failed', async () => {
  const list = shown([
    ...baseBefore,
    hostFinished('base', 'run', 'c1', 'skipped'),
    stepFinished('base', 'run', 'refused', { message: 'no quorum', hint: 'start c2' }),
    phaseFinished('base', 'refused'),
  ]);
  await list.finish();
  const all = list.lines().join('\n');
  expect(all).toContain('✖ BASE  refused');
  expect(all).toContain('  ✖ Run base  refused, hosts: 1 skipped');
  expect(all).toContain('› no quorum');
});

import { describe, expect, it } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import { rendererKind, wantsColor } from '../../src/cli/presentation.ts';

const terminal = { isTTY: true, env: { TERM: 'xterm-256color' } } as unknown as Io;
const pipe = { isTTY: false, env: { TERM: 'xterm-256color' } } as unknown as Io;
const dumb = { isTTY: true, env: { TERM: 'dumb' } } as unknown as Io;
const on = { color: true };

describe('a run is shown', () => {
  it.each([
    ['in the live view on a terminal', terminal, on, 'interactive'],
    ['as lines in a pipe', pipe, on, 'plain'],
    ['as lines on a dumb terminal', dumb, on, 'plain'],
    ['as lines with --plain', terminal, { ...on, plain: true as const }, 'plain'],
    ['as JSON with --json, everywhere', terminal, { ...on, json: true as const }, 'json'],
  ])('%s', (_, io, options, kind) => {
    expect(rendererKind(io, options)).toBe(kind);
  });
});

describe('colours are', () => {
  const withEnv = (NO_COLOR: string): Io => ({ ...terminal, env: { ...terminal.env, NO_COLOR } });
  it.each([
    ['used on a terminal', terminal, on, true],
    ['not used in a pipe', pipe, on, false],
    ['not used with --no-color', terminal, { color: false }, false],
    ['not used with NO_COLOR', withEnv('1'), on, false],
    ['used with an empty NO_COLOR, as its standard says', withEnv(''), on, true],
    ['not used on a dumb terminal', dumb, on, false],
  ])('%s', (_, io, options, used) => {
    expect(wantsColor(io, options)).toBe(used);
  });
});
